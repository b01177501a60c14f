/** Where a tensor of a LoRA file belongs. */
export interface LoraKey {
  /** the layer, as the file has it, without its matrices' names: `unet.mid_block…to_q`, `lora_unet_mid_block_…_to_q` */
  layer: string
  role: LoraRole
}

export type LoraRole = (typeof roles)[number] | 'down' | 'mid' | 'up'

const roles = [
  'alpha',
  'hada_t1',
  'hada_t2',
  'hada_w1_a',
  'hada_w1_b',
  'hada_w2_a',
  'hada_w2_b',
  'lokr_t2',
  'lokr_w1',
  'lokr_w1_a',
  'lokr_w1_b',
  'lokr_w2',
  'lokr_w2_a',
  'lokr_w2_b',
] as const

/**
 * A key's layer and what its tensor is there; undefined for what is none of them.
 * @see diffusers `utils/state_dict_utils.py` and `loaders/lora_conversion_utils.py` for the names that trainers have given them
 */
export function loraKey(key: string): LoraKey | undefined {
  const matrix = /^(.+?)[._](?:lora|lora_linear_layer)[._](A|B|down|mid|up)(?:\.[\w-]+)?\.weight$/.exec(key)
  if (matrix) return { layer: today(matrix[1]), role: matrices[matrix[2]] }
  const dot = key.lastIndexOf('.')
  const role = roles.find(role => role === key.slice(dot + 1))
  return role && { layer: today(key.slice(0, dot)), role }
}

const matrices: Record<string, LoraRole> = { A: 'down', B: 'up', down: 'down', mid: 'mid', up: 'up' }

/** Layers of attention had a processor, and other names, in diffusers before 0.20. */
function today(layer: string): string {
  const name = layer.replace('.processor.', '.')
  const old = /^(text_encoder\..*\.self_attn\.)to_(q|k|v|out)$/.exec(name)
  if (old) return `${old[1]}${old[2]}_proj`
  return name.replace(/\.to_out$/, '.to_out.0')
}

/** Forms that are known and not built, by what a key of theirs holds. */
export const unbuiltForms: readonly [pattern: RegExp, form: string][] = [
  [/\.(dora_scale|lora_magnitude_vector(\.\w+)*)$/, 'DoRA, which scales each row of the weight anew'],
  [/\.(w_norm|b_norm|diff|diff_b)$/, "a whole weight or bias (LyCORIS' full and norm)"],
  [/\.lora_B(\.\w+)?\.bias$/, 'a bias beside its matrices'],
  [/\.(on_input|oft_\w+|a1\.weight|boft_\w+)$/, "another of LyCORIS' or peft's methods"],
]
