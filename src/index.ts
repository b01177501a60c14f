export { clearOutput, display } from './display.js'
export * from './pipeline/index.js'
