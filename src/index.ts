export { clearOutput, type DisplayHost, type DisplayOptions, display, type MimeBundle } from './display.js'
export * from './pipeline/index.js'
