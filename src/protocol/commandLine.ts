/** What `sdnb … --json` prints, for programs: one object, or of `models pull` one a line. Sizes are bytes.
 * What goes wrong is told on stderr and by the exit code, as without `--json`. */

/** `sdnb models list --json` */
export interface ModelsReport {
  cacheDir: string
  /** of the cache's disk */
  free: number
  models: ModelReport[]
}

export interface ModelReport {
  /** `owner/name` */
  id: string
  /** absent for the model that ships with the package */
  commit?: string
  /** branches and tags that stand for the commit */
  revisions: string[]
  folder: string
  bytes: number
  /** diffusers' class */
  pipeline?: string
  /** what there is where there is no whole pipeline: a part's class or what a file is (`a LoRA`), and its subfolder or file */
  pieces?: { kind: string; path: string }[]
  /** what `variant` may be without a download: null for none given. Empty where the model cannot be used. */
  variants: (string | null)[]
  /** why it cannot be used */
  problem?: string
}

/** Lines of `sdnb models pull --json`: a plan, progress now and then, `done`; with `--dry-run` the plan alone. */
export type PullReport =
  | {
      type: 'plan'
      id: string
      commit: string
      folder: string
      /** of all files that a pipeline reads */
      bytes: number
      /** of those, what is still to come */
      missing: number
      /** of the cache's disk */
      free: number
    }
  | { type: 'progress'; loaded: number; total: number }
  | { type: 'done'; folder: string }

/** `sdnb models remove --json`; with `--dry-run` nothing has been removed. */
export interface RemoveReport {
  id: string
  commits: string[]
  /** that the disk gets back */
  bytes: number
}

/** What a device needs: a library, a driver, a graphics card. */
export interface NeedReport {
  name: string
  /** its path, or what it is; absent where it is missing */
  found?: string
  /** what to do, where it is missing or too old */
  mend?: string
}

/** `sdnb doctor --json` */
export interface DoctorReport {
  /** false where something is in the way of running notebooks at all */
  ok: boolean
  version: string
  node: { version: string; path: string }
  system: { platform: string; release: string; cpu: string; cores: number; memory: number }
  /** best first; `needs` only where they can be told apart from a trial: of cuda and webgpu, on Linux */
  devices: { device: string; works: boolean; chosen: boolean; reason?: string; needs?: NeedReport[] }[]
  libraries: { name: string; version?: string; problem?: string }[]
  models: ModelsReport
}

/** Lines of `sdnb install cuda --json`: a plan, progress now and then, `done`; with `--dry-run` the plan alone. */
export type InstallReport =
  | {
      type: 'plan'
      /** what is to come; empty where nothing is missing */
      parts: { name: string; version: string; bytes: number; folder: string }[]
      /** of all parts, to be downloaded */
      bytes: number
      /** where they go: what they take there while they are unpacked, and what is free */
      disks: { folder: string; room: number; free: number }[]
      /** why the device will not run all the same, as a driver that is missing */
      warning?: string
    }
  | { type: 'progress'; loaded: number; total: number }
  /** `reason`: why the device does not run yet */
  | { type: 'done'; works: boolean; reason?: string }
