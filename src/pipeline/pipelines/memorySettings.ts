import { InvalidOptionError } from '../errors.js'
import type { AutoencoderKL } from '../models/autoencoderKL.js'
import type { AutoencoderTiny } from '../models/autoencoderTiny.js'
import type { UNet2DConditionModel } from '../models/unet2DConditionModel.js'
import type { Attention } from '../onnx/layers.js'
import { AdapterLoader } from './adapterLoader.js'
import { pieceBytes } from './memoryPlan.js'

/**
 * What trades time for memory, as diffusers and accelerate name it. docs/memory.md tells what each saves and costs.
 * @see diffusers `DiffusionPipeline`
 */
export abstract class MemorySettings extends AdapterLoader {
  abstract vae: AutoencoderKL | AutoencoderTiny
  /** each part's sessions last for its turn */
  protected isOffloaded = false

  /** The parts that take memory on the device. */
  protected abstract networks(): Pick<UNet2DConditionModel, 'placement' | 'release'>[]

  /** Attention over a part of the heads at a time: less memory, slower. `'auto'`: half of them; `'max'`: one. */
  enableAttentionSlicing(sliceSize: 'auto' | 'max' | number = 'auto'): void {
    if (sliceSize !== 'auto' && sliceSize !== 'max' && !(Number.isInteger(sliceSize) && sliceSize >= 1))
      throw new InvalidOptionError(`sliceSize must be 'auto', 'max' or a whole number of at least 1, got ${sliceSize}`)
    this.setAttention({ kind: 'sliced', sliceSize })
  }

  /** One operator for the whole of attention. */
  disableAttentionSlicing(): void {
    this.setAttention({ kind: 'fused' })
  }

  /** One operator for the whole of attention, the default here: little memory and fast. */
  enableXformersMemoryEfficientAttention(): void {
    this.setAttention({ kind: 'fused' })
  }

  /** MatMul and Softmax, the score matrix held whole. */
  disableXformersMemoryEfficientAttention(): void {
    this.setAttention({ kind: 'plain' })
  }

  /** One picture at a time through the autoencoder, the default here. */
  enableVaeSlicing(): void {
    if ('enableSlicing' in this.vae) this.vae.enableSlicing()
  }

  /**
   * All pictures of a call at once through the autoencoder.
   * @throws InvalidOptionError for an AutoencoderTiny, which always takes one at a time
   */
  disableVaeSlicing(): void {
    this.largeVae('disableVaeSlicing').disableSlicing()
  }

  /**
   * Pictures larger than a tile go through the autoencoder in tiles that overlap.
   * @param tileSize side in pixels, a multiple of four latents (the config's `sample_size`, as in diffusers: 512, or 768)
   * @throws InvalidOptionError; for an AutoencoderTiny, too, which takes little memory as it is
   */
  enableVaeTiling(tileSize?: number): void {
    this.largeVae('enableVaeTiling').enableTiling(tileSize)
  }

  /** Pictures go through the autoencoder as a whole. */
  disableVaeTiling(): void {
    if ('disableTiling' in this.vae) this.vae.disableTiling()
  }

  /**
   * Each part leaves the device when its turn is over, so that no two are there at once; the next call makes its session anew. Of this and
   * `enableSequentialCpuOffload()` the last one called counts.
   */
  enableModelCpuOffload(): void {
    this.setOffload('model')
  }

  /** Parts stay on the device. */
  disableModelCpuOffload(): void {
    this.setOffload(undefined)
  }

  /**
   * A few layers' weights are on the device at a time, while they run: the least memory, and the slowest. What layers give waits in the memory of the
   * computer.
   */
  enableSequentialCpuOffload(): void {
    this.setOffload('sequential')
  }

  /** Networks run as a whole. */
  disableSequentialCpuOffload(): void {
    this.setOffload(undefined)
  }

  /** Frees memory; a later call makes the sessions anew. */
  async dispose(): Promise<void> {
    await Promise.all(this.networks().map(part => part.release()))
  }

  /** What has run is not needed for a while. */
  protected async turnOver(): Promise<void> {
    if (this.isOffloaded) await this.dispose()
  }

  private largeVae(method: string): AutoencoderKL {
    if ('enableTiling' in this.vae) return this.vae
    throw new InvalidOptionError(`${method}() is for an AutoencoderKL; this pipeline has an AutoencoderTiny`)
  }

  private setOffload(kind: 'model' | 'sequential' | undefined): void {
    this.isOffloaded = kind !== undefined
    for (const { placement } of this.networks()) placement.pieceBytes = kind === 'sequential' ? pieceBytes : undefined
  }

  private setAttention(attention: Attention): void {
    for (const { placement } of this.networks()) placement.attention = attention
  }
}
