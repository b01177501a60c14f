/**
 * The prompts that `AND` joins, each with the weight that a number after a last colon gives it, 1 without.
 * @see Liu et al. 2022, Compositional Visual Generation with Composable Diffusion Models; stable-diffusion-webui, wiki: Features, "Composable Diffusion"
 */
export function splitComposable(prompt: string): [text: string, weight: number][] {
  return prompt.split(/(?<![\p{L}\p{N}_])AND(?![\p{L}\p{N}_])/u).map(part => {
    const weight = /\s*:\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*$/.exec(part)
    return weight ? [part.slice(0, weight.index), Number.parseFloat(weight[1])] : [part.trimEnd(), 1]
  })
}
