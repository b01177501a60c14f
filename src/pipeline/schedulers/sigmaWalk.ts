import { InvalidOptionError } from '../errors.js'
import { checkNotDone, checkTimestep } from './schedule.js'
import type { Scheduler } from './scheduler.js'

/** What schedulers share that walk down a list of noise levels, one a timestep and the last one reached. */
export abstract class SigmaWalk implements Pick<Scheduler, 'order' | 'timesteps' | 'sigmas' | 'setBeginIndex'> {
  readonly order: number = 1
  timesteps: number[] = []
  sigmas: number[] = []
  #index: number | undefined
  #started = false

  /** Where the walk begins, of a picture that is changed: rounded timesteps may stand there twice, each with a σ of its own. */
  setBeginIndex(index: number): void {
    this.#index = index
  }

  /** σ of a timestep of the schedule: of the step that comes next, if it has this timestep, or wherever it stands. */
  protected sigmaOf(timestep: number): number {
    const isNext = this.#index !== undefined && this.timesteps[this.#index] === timestep
    return this.sigmas[isNext ? this.#index! : this.#indexOf(timestep)]
  }

  /** Where the sampler stands; the first timestep it hears of sets it. */
  protected indexFor(timestep: number): number {
    checkTimestep(this.timesteps, timestep)
    this.#index ??= timestep === this.timesteps[0] ? 0 : this.#indexOf(timestep)
    checkNotDone(this.#index, this.timesteps)
    return this.#index
  }

  /** For classes whose steps make no sense on the training's own schedule. */
  protected checkStarted(): void {
    if (!this.#started) throw new InvalidOptionError('call setTimesteps before step')
  }

  /** The next step's turn. */
  protected advance(): void {
    this.#index = this.#index! + 1
  }

  /** A new schedule from its start. Timesteps and sigmas are single precision, as torch keeps them. */
  protected start(timesteps: readonly number[], sigmas: readonly number[]): number[] {
    this.timesteps = timesteps.map(Math.fround)
    this.sigmas = sigmas.map(Math.fround)
    this.#index = undefined
    this.#started = true
    return this.timesteps
  }

  /** Of two steps with one timestep diffusers takes the second, so that a start in the middle skips no σ. */
  #indexOf(timestep: number): number {
    checkTimestep(this.timesteps, timestep)
    const first = this.timesteps.indexOf(timestep)
    const second = this.timesteps.indexOf(timestep, first + 1)
    return second < 0 ? first : second
  }
}
