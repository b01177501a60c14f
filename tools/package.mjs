import { statSync } from 'node:fs'
import { relative } from 'node:path'
import { parseArgs } from 'node:util'
import { setUp } from './setup.mjs'
import { makeVsix } from './vsix/make.mjs'

/** `npm run package [-- --target linux-arm64]`: the extension as a VSIX in dist/, of this platform or another. */
const { values } = parseArgs({
  options: { target: { type: 'string', default: `${process.platform}-${process.arch}` } },
})

setUp()
const { path, largest } = await makeVsix(values.target)
for (const { name, bytes } of largest) console.error(`${megabytes(bytes).padStart(9)}  ${name}`)
console.error(`${relative(process.cwd(), path)}, ${megabytes(statSync(path).size)}`)

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
