import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { workspace } from 'vscode'

/** A Node.js that can run cells. */
export interface NodeRuntime {
  execPath: string
  env: NodeJS.ProcessEnv
  /** as `v24.21.0` */
  version: string
}

/** What the kernel's compiled code needs. */
const oldest = 20

/**
 * The Node.js that runs kernels and language servers: the setting `sdnb.nodePath`, else `node` on the PATH, else VS Code's own.
 * @throws Error when none is of version 20 or later; it says what was tried
 */
export async function findNode(): Promise<NodeRuntime> {
  const set = workspace.getConfiguration('sdnb').get<string>('nodePath', '').trim()
  if (set) {
    const found = await asked(set, {})
    if (isNewEnough(found)) return { ...found, env: process.env }
    throw new Error(`sdnb.nodePath: expected the path of Node.js ${oldest} or later, got ${set}: ${said(found)}`)
  }
  const onPath = await asked('node', {})
  if (isNewEnough(onPath)) return { ...onPath, env: process.env }
  const asNode = { ELECTRON_RUN_AS_NODE: '1' }
  const own = await asked(process.execPath, asNode)
  if (isNewEnough(own)) return { ...own, env: { ...process.env, ...asNode } }
  throw new Error(
    `Cells run on Node.js ${oldest} or later, which was not found: node on the PATH ${said(onPath)}; VS Code's own ${said(own)}. Install Node.js, or set sdnb.nodePath.`,
  )
}

type Found = Pick<NodeRuntime, 'execPath' | 'version'> | { problem: string }

/** Its own path: on Windows a bare `node` would be looked for in the notebook's folder first. */
const tellsItself = 'JSON.stringify({ execPath: process.execPath, version: process.version })'

async function asked(execPath: string, env: NodeJS.ProcessEnv): Promise<Found> {
  try {
    const { stdout } = await promisify(execFile)(execPath, ['-p', tellsItself], {
      env: { ...process.env, ...env },
      timeout: 10_000,
    })
    return JSON.parse(stdout)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return { problem: code === 'ENOENT' ? 'there is no such file' : message }
  }
}

const isNewEnough = (found: Found): found is Exclude<Found, { problem: string }> =>
  'version' in found && Number(/^v(\d+)\./.exec(found.version)?.[1]) >= oldest

const said = (found: Found) => ('version' in found ? `is ${found.version}` : `does not run: ${found.problem}`)
