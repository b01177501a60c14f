import { type LogOutputChannel, window } from 'vscode'

/** What `SD Notebook: Open Log` shows. */
export const log: LogOutputChannel = window.createOutputChannel('SD Notebook', { log: true })
