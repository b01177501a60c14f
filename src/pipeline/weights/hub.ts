import { ModelNotFoundError } from '../errors.js'

export interface DownloadOptions {
  /** branch, tag or commit (`'main'`) */
  revision?: string
  /** such as `'fp16'`: weight files with that word in their name, where a part has them */
  variant?: string
  /** instead of HF_HUB_CACHE, HF_HOME/hub or ~/.cache/huggingface/hub */
  cacheDir?: string
  /** no network: the cache alone */
  localFilesOnly?: boolean
  /** instead of HF_TOKEN and the token that `hf auth login` stored */
  token?: string
  signal?: AbortSignal
  /** `loaded` of `total` bytes of all files to be downloaded; `file` is the one that came on */
  onProgress?: (progress: { file: string; loaded: number; total: number }) => void
}

export async function downloadModel(id: string, _options: DownloadOptions): Promise<string> {
  throw new ModelNotFoundError(`${id}: the hub is not reachable yet`)
}
