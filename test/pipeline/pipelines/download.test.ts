import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Progress, StableDiffusionPipeline } from '../../../src/pipeline/index.js'
import { type HubServer, hubServer } from '../weights/hubServer.js'

const folder = join(import.meta.dirname, '../../fixtures/pipelines/sd1')
const names = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter(entry => entry.isFile())
  .map(entry => join(entry.parentPath, entry.name).slice(folder.length + 1))
const files = Object.fromEntries(names.map(name => [name, readFileSync(join(folder, name))]))

const symbol = Symbol.for('sdnb.progress')
const host = globalThis as { [symbol]?: (progress: Progress) => void }

let hub: HubServer
let cacheDir: string
beforeEach(async () => {
  hub = await hubServer()
  hub.repositories = { 'someone/model': { commit: '0123456789abcdef0123456789abcdef01234567', files } }
  vi.stubEnv('HF_ENDPOINT', hub.endpoint)
  cacheDir = mkdtempSync(join(tmpdir(), 'sdnb-download-'))
})
afterEach(async () => {
  delete host[symbol]
  vi.unstubAllEnvs()
  await hub.close()
  rmSync(cacheDir, { recursive: true })
})

const load = () => StableDiffusionPipeline.fromPretrained('someone/model', { device: 'cpu', cacheDir })

test('a download is one bar, from its first bytes to its end', async () => {
  const reports: Progress[] = []
  host[symbol] = progress => reports.push(progress)
  await load()
  expect(new Set(reports.map(({ label, id }) => `${label} ${id}`)).size).toBe(1)
  expect(reports.at(-1)).toMatchObject({ label: 'Downloading', unit: 'byte', done: true })
})

test('a cell that was stopped refuses the report, and the download ends with its reason', async () => {
  host[symbol] = () => {
    throw new DOMException('The cell was stopped', 'AbortError')
  }
  await expect(load()).rejects.toMatchObject({ name: 'AbortError', message: 'The cell was stopped' })
  expect(hub.requests.filter(({ line }) => line.includes('/resolve/')).length).toBeLessThan(names.length)
})
