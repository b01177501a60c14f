// In place of @vscode/fs-copyfile, which is not prebuilt: it copies on write where the disk can.
import { constants, copyFileSync, promises } from 'node:fs'

export { constants, copyFileSync }
export const { copyFile, cp } = promises
export const isCloneSupported = async () => false
