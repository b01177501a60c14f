import type { ControlNetModel } from '../models/controlNetModel.js'
import type { UNet2DConditionModel } from '../models/unet2DConditionModel.js'
import type { Tensor } from '../tensor.js'
import type { Call, CallOptions } from './callOptions.js'
import { type ControlNetParts, checkControlNet, listed } from './controlNetParts.js'
import { controlNets } from './controlNets.js'
import type { CheckedControl } from './controlOptions.js'
import type { Start } from './denoising.js'
import { StableDiffusionBase } from './stableDiffusionBase.js'

export interface ControlCall extends Call {
  control: CheckedControl
}

/** What pipelines with ControlNets share: the nets, and that they have a say at each step. */
export abstract class ControlNetBase<
  Options extends CallOptions<never>,
  C extends ControlCall,
> extends StableDiffusionBase<Options, C> {
  /** one, or several whose says are added */
  controlnet: ControlNetModel | ControlNetModel[]

  /** @throws UnsupportedModelError for parts that do not belong together */
  constructor(parts: ControlNetParts) {
    super(parts, 'ControlNet')
    for (const net of listed(parts.controlnet)) {
      checkControlNet(net, parts)
      Object.assign(net.placement, parts.unet.placement)
    }
    this.controlnet = parts.controlnet
  }

  override get components(): ControlNetParts {
    return { ...super.components, controlnet: this.controlnet }
  }

  protected override checkParts(): void {
    super.checkParts()
    for (const net of listed(this.controlnet)) checkControlNet(net, this.components)
  }

  /** @param pictures for each ControlNet [1 or prompts, 3, height, width], 0…1 */
  protected steeredBy(pictures: readonly Tensor[], call: C): Start['control'] {
    const { says, guessMode } = call.control
    const controls = says.map((say, i) => ({ ...say, picture: pictures[i] }))
    return controlNets(controls, guessMode, call.batch)
  }

  protected override networks(): Pick<UNet2DConditionModel, 'placement' | 'release'>[] {
    return [...super.networks(), ...listed(this.controlnet)]
  }
}
