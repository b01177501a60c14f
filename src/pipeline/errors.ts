/** No folder, file or repository where the model should be. */
export class ModelNotFoundError extends Error {
  readonly code = 'MODEL_NOT_FOUND'
  override name = 'ModelNotFoundError'
}

/** A class, configuration value or file format that is not run here; names the key and the value. */
export class UnsupportedModelError extends Error {
  readonly code = 'UNSUPPORTED_MODEL'
  override name = 'UnsupportedModelError'
}

/** A weight file that is truncated, malformed, or does not fit its configuration. */
export class CorruptWeightsError extends Error {
  readonly code = 'CORRUPT_WEIGHTS'
  override name = 'CorruptWeightsError'
}

/** A device that was asked for by name and cannot run; names the missing library. */
export class DeviceUnavailableError extends Error {
  readonly code = 'DEVICE_UNAVAILABLE'
  override name = 'DeviceUnavailableError'
}

/** An argument outside its documented type or range. */
export class InvalidOptionError extends Error {
  readonly code = 'INVALID_OPTION'
  override name = 'InvalidOptionError'
}

/** The device or the system had too little memory. */
export class OutOfMemoryError extends Error {
  readonly code = 'OUT_OF_MEMORY'
  override name = 'OutOfMemoryError'
}

/** The engine process ended while it was needed; the next call starts a new one. */
export class EngineCrashedError extends Error {
  readonly code = 'ENGINE_CRASHED'
  override name = 'EngineCrashedError'
}
