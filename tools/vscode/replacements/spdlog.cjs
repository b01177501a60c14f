// In place of @vscode/spdlog, whose native part is not prebuilt: the same functions over plain files.
const { appendFileSync, mkdirSync } = require('node:fs')
const { dirname } = require('node:path')

const levels = ['trace', 'debug', 'info', 'warning', 'error', 'critical', 'off']

class Logger {
  #file
  #level = 2
  #raw = false

  constructor(_kind, _name, file) {
    this.#file = file
    mkdirSync(dirname(file), { recursive: true })
  }

  trace = text => this.#write(0, text)
  debug = text => this.#write(1, text)
  info = text => this.#write(2, text)
  warn = text => this.#write(3, text)
  error = text => this.#write(4, text)
  critical = text => this.#write(5, text)

  getLevel() {
    return this.#level
  }
  setLevel(level) {
    this.#level = level
  }
  clearFormatters() {
    this.#raw = true
  }
  setPattern() {}
  setFlushOn() {}
  flush() {}
  drop() {}

  #write(level, text) {
    if (level < this.#level) return
    try {
      appendFileSync(this.#file, this.#raw ? text : `${new Date().toISOString()} [${levels[level]}] ${text}\n`)
    } catch {} // the log's folder may be gone while VS Code ends
  }
}

// One by one: VS Code imports them by name.
exports.version = 0
exports.setLevel = () => {}
exports.setFlushOn = () => {}
exports.Logger = Logger
exports.createRotatingLogger = async (name, file) => new Logger('rotating', name, file)
exports.createAsyncRotatingLogger = exports.createRotatingLogger
