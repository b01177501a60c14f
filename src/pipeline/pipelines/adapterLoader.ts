import { InvalidOptionError } from '../errors.js'
import { adaptableLayers } from '../models/adaptableLayers.js'
import type { CLIPTextModel } from '../models/clipTextModel.js'
import { readLora } from '../models/loraFile.js'
import type { NetworkAdapters } from '../models/networkAdapters.js'
import type { UNet2DConditionModel } from '../models/unet2DConditionModel.js'
import { checkNames, finite, shown } from '../optionChecks.js'
import type { ClipTokenizer } from '../tokenizer/clip.js'
import { Callable } from './callable.js'
import { loadInversions, type TextualInversionOptions, unloadInversions } from './textualInversions.js'
import { type HubFileOptions, weightsFile } from './weightsFile.js'

/** What `loadLoraWeights` takes beside the file. */
export interface LoraOptions extends HubFileOptions {
  /** (`default_0`, `default_1`, …) */
  adapterName?: string
  /** of a file in a folder or repository (`pytorch_lora_weights.safetensors`, or the only one) */
  weightName?: string
}

/** Of one adapter: for both parts, or for each; a part that is not named weighs 1. */
export type AdapterWeight = number | { unet?: number; textEncoder?: number }

/**
 * What people add to a model: LoRA beside the networks, and tokens of textual inversion. The base stays as it is and where it is: an adapter's matrices are computed beside its layers, from its
 * own file, and their weights are an input of the network, so that a change of weight costs nothing.
 * @see Hu et al. 2021; diffusers `StableDiffusionLoraLoaderMixin`
 */
export abstract class AdapterLoader extends Callable {
  abstract unet: UNet2DConditionModel
  abstract textEncoder: CLIPTextModel
  abstract tokenizer: ClipTokenizer

  /**
   * Loads a LoRA, or LyCORIS' LoCon, LoHa or LoKr, and makes it the one that is active.
   * @param path a `.safetensors` under the names of diffusers, peft or kohya, a folder with it, or a hub id
   * @throws InvalidOptionError, ModelNotFoundError; UnsupportedModelError and CorruptWeightsError naming the key that is not run here, or does not
   *   fit the model
   */
  async loadLoraWeights(path: string, options: LoraOptions = {}): Promise<void> {
    checkNames(options, loraOptionNames)
    const { adapterName = this.freeName(), weightName, ...hub } = options
    if (typeof adapterName !== 'string' || adapterName === '')
      throw new InvalidOptionError(`adapterName must be a name, got ${shown(adapterName)}`)
    if (this.adapterNames().has(adapterName))
      throw new InvalidOptionError(`the adapter name "${adapterName}" is in use: give another, or deleteAdapters it`)
    const file = await weightsFile(path, { name: weightName, usual: 'pytorch_lora_weights.safetensors' }, hub)
    const adapters = await readLora(file, adaptableLayers(this.unet.config, this.textEncoder.config))
    for (const [part, adapter] of adapters) {
      const { [part]: network } = { unet: this.unet.adapters, text_encoder: this.textEncoder.adapters }
      network.load(adapterName, adapter)
      network.activate(new Map([[adapterName, 1]]))
    }
  }

  /**
   * Makes these adapters the ones that are active.
   * @param weights one for all, or one an adapter (1)
   */
  setAdapters(names: string | string[], weights: AdapterWeight | AdapterWeight[] = 1): void {
    const list = this.knownNames(names)
    const each = Array.isArray(weights) ? weights : list.map(() => weights)
    if (each.length !== list.length)
      throw new InvalidOptionError(`setAdapters must have a weight an adapter (${list.length}), got ${each.length}`)
    const of = (part: 'unet' | 'textEncoder') => new Map(list.map((name, i) => [name, checkedWeight(each[i], part)]))
    const [unet, textEncoder] = [of('unet'), of('textEncoder')]
    this.unet.adapters.activate(unet)
    this.textEncoder.adapters.activate(textEncoder)
  }

  /** The names of those that are active, of the U-Net where it has any. */
  getActiveAdapters(): string[] {
    const [unet, text] = this.adapted().map(({ active }) => [...active.keys()])
    return this.unet.adapters.loaded.size > 0 ? unet : text
  }

  /** The names of those that are loaded, by part; a part without any is left out. */
  getListAdapters(): { unet?: string[]; textEncoder?: string[] } {
    const [unet, textEncoder] = this.adapted().map(({ loaded }) => [...loaded.keys()])
    return { ...(unet.length > 0 && { unet }), ...(textEncoder.length > 0 && { textEncoder }) }
  }

  /** Unloads some, as if they had never been loaded, but for what was fused. */
  deleteAdapters(names: string | string[]): void {
    for (const name of this.knownNames(names)) for (const network of this.adapted()) network.remove(name)
  }

  /** Unloads all, but for what was fused. */
  unloadLoraWeights(): void {
    this.deleteAdapters([...this.adapterNames()])
  }

  /** All that is not fused has no effect, until `enableLora()`. */
  disableLora(): void {
    for (const network of this.adapted()) network.enabled = false
  }

  /** After `disableLora()`, as before it. */
  enableLora(): void {
    for (const network of this.adapted()) network.enabled = true
  }

  /**
   * Adds active adapters, with their weights times `loraScale`, to the weights of the networks: as fast as the model alone, `crossAttentionKwargs`
   * leave them as they are, and they stay when they are unloaded. Takes the memory of the layers that they change; of a quantized model neither that nor
   * time is changed, since a LoRA stays beside its layers.
   * @param options.adapterNames those to add (all that are active)
   */
  fuseLora(options: { loraScale?: number; adapterNames?: string[] } = {}): void {
    checkNames(options, new Set(['loraScale', 'adapterNames']))
    const scale = finite('loraScale', options.loraScale ?? 1)
    const names = options.adapterNames && this.knownNames(options.adapterNames)
    for (const network of this.adapted()) network.fuse(scale, names ?? [...network.active.keys()])
  }

  /** Takes away all that was fused; what is still loaded is beside the networks again, with the weight that it had. */
  unfuseLora(): void {
    for (const network of this.adapted()) network.unfuse()
  }

  /**
   * Teaches the tokenizer a token of one vector or several, and the text encoder the vectors: `<x>` in a prompt then stands for all of them.
   * @param paths a `.safetensors`, or a `.pt` or `.bin` of torch, of which tensors alone are read and nothing runs; a folder with one or a hub id; or a
   *   list
   * @throws InvalidOptionError, ModelNotFoundError, CorruptWeightsError; UnsupportedModelError for vectors of another width, or for a pickle that
   *   names more than tensors
   * @see Gal et al. 2022; diffusers `TextualInversionLoaderMixin`
   */
  async loadTextualInversion(paths: string | string[], options: TextualInversionOptions = {}): Promise<void> {
    await loadInversions(this, paths, options)
  }

  /** @param tokens those to unlearn (all that were loaded) */
  unloadTextualInversion(tokens?: string | string[]): void {
    unloadInversions(this, tokens)
  }

  private adapted(): NetworkAdapters[] {
    return [this.unet.adapters, this.textEncoder.adapters]
  }

  private adapterNames(): Set<string> {
    return new Set(this.adapted().flatMap(({ loaded }) => [...loaded.keys()]))
  }

  private freeName(): string {
    const taken = this.adapterNames()
    let i = taken.size
    while (taken.has(`default_${i}`)) i++
    return `default_${i}`
  }

  private knownNames(names: string | string[]): string[] {
    const list = [names].flat()
    const known = this.adapterNames()
    for (const name of list)
      if (!known.has(name))
        throw new InvalidOptionError(
          `no adapter ${shown(name)} is loaded; loaded are ${[...known].join(', ') || 'none'}`,
        )
    if (new Set(list).size < list.length) throw new InvalidOptionError(`an adapter is named twice in ${shown(list)}`)
    return list
  }
}

const loraOptionNames = new Set<string>([
  'adapterName',
  'weightName',
  'revision',
  'cacheDir',
  'localFilesOnly',
  'token',
  'signal',
  'onProgress',
] satisfies (keyof LoraOptions)[])

function checkedWeight(weight: AdapterWeight, part: 'unet' | 'textEncoder'): number {
  if (typeof weight !== 'object' || weight === null) return finite('the weight of an adapter', weight)
  checkNames(weight, new Set(['unet', 'textEncoder']))
  return finite(`the weight of an adapter's ${part}`, weight[part] ?? 1)
}
