import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeVsix } from '../../tools/vsix/make.mjs'
import { filesIn } from '../support/zip.js'
import { notebookOf } from './notebookFile.js'

/** Native files that a target's VSIX must have, and all others are foreign to it. */
const natives: Record<string, string[]> = {
  'linux-x64': ['@img/sharp-libvips-linux-x64', '@img/sharp-linux-x64', 'onnxruntime-node/bin/napi-v6/linux/x64'],
  'linux-arm64': [
    '@img/sharp-libvips-linux-arm64',
    '@img/sharp-linux-arm64',
    'onnxruntime-node/bin/napi-v6/linux/arm64',
  ],
  'darwin-arm64': [
    '@img/sharp-darwin-arm64',
    '@img/sharp-libvips-darwin-arm64',
    'onnxruntime-node/bin/napi-v6/darwin/arm64',
  ],
  'win32-x64': ['@img/sharp-win32-x64', 'onnxruntime-node/bin/napi-v6/win32/x64'],
  'win32-arm64': ['@img/sharp-win32-arm64', 'onnxruntime-node/bin/napi-v6/win32/arm64'],
}

const ours = `${process.platform}-${process.arch}`

describe(`the VSIX of ${ours}`, () => {
  let vsix: string
  let folder: string
  beforeAll(async () => {
    ;({ path: vsix } = await makeVsix(ours))
    folder = mkdtempSync(join(tmpdir(), 'sdnb-unpacked-'))
    for (const [name, content] of filesIn(vsix)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), content())
    }
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  test('is at most 60 MB, and holds what it names', () => {
    console.info(`${ours}: ${(statSync(vsix).size / 1e6).toFixed(1)} MB`)
    expect(statSync(vsix).size).toBeLessThan(60e6)
    const names = [...filesIn(vsix).keys()]
    const { main, contributes, bin } = JSON.parse(readFileSync(join(folder, 'extension/package.json'), 'utf8'))
    const [renderer] = contributes.notebookRenderer
    const [plugin] = contributes.typescriptServerPlugins
    const ofPlugin = join('node_modules', plugin.name, 'index.js')
    for (const file of [main, renderer.entrypoint, bin.sdnb, ofPlugin, 'dist/types/src/index.d.ts', 'LICENSE.txt'])
      expect(names).toContain(join('extension', file))
    expect(names.filter(name => /\.map$|\/zeromq\/|\/onnxruntime-web\/|dist\/test\//.test(name))).toEqual([])
    expect(nativeFolders(names)).toEqual(natives[ours])
  })

  test('packed again, it is the same, byte for byte', async () => {
    const before = sha256(vsix)
    await makeVsix(ours)
    expect(sha256(vsix)).toBe(before)
  })

  test('unpacked, it runs cells that draw and import, with no package from elsewhere', async () => {
    const notebook = join(folder, 'draw.sdnb')
    writeFileSync(
      notebook,
      notebookOf(
        `import { StableDiffusionPipeline, Generator } from 'sdnb'
         const pipeline = await StableDiffusionPipeline.fromPretrained('sdnb/tiny')
         const { images } = await pipeline('a boat', { numInferenceSteps: 2, generator: new Generator(1) })
         images[0]`,
        `const { AutoTokenizer } = await import('@huggingface/transformers')
         typeof AutoTokenizer.from_pretrained`,
      ),
    )
    const cli = join(folder, 'extension/dist/cli.cjs')
    execFileSync(process.execPath, [cli, 'run', notebook, '--output', notebook], { stdio: ['ignore', 'pipe', 'pipe'] })
    const [drawn, imported] = JSON.parse(readFileSync(notebook, 'utf8')).cells
    const picture = drawn.outputs.find((output: { data?: object }) => output.data && 'image/png' in output.data)
    const { width, height } = await sharp(Buffer.from([picture.data['image/png']].flat().join(''), 'base64')).metadata()
    expect([width, height]).toEqual([128, 128])
    expect(imported.outputs[0].data['text/plain'].toString()).toContain('function')
  })
})

test.for(Object.keys(natives).filter(target => target !== ours))(
  'the VSIX of %s holds the native parts of that platform alone',
  async (target, { skip }) => {
    const made = await makeVsix(target).catch(error => {
      if (/could not be downloaded/.test(error.message)) skip(error.message)
      throw error
    })
    expect(nativeFolders([...filesIn(made.path).keys()])).toEqual(natives[target])
    rmSync(made.path)
  },
)

test('a platform without a binary of onnxruntime is refused, and told the others', async () => {
  await expect(makeVsix('darwin-x64')).rejects.toThrow('Expected one of linux-x64, linux-arm64, darwin-arm64')
})

/** Packages, and folders of onnxruntime-node, that have native files. */
function nativeFolders(names: string[]): string[] {
  const folders = names
    .filter(name => /\.(node|dll|dylib)$|\.so(\.\d+)*$/.test(name))
    .map(name => name.replace(/^extension\/node_modules\//, ''))
    .map(name => /^(@img\/[^/]+|onnxruntime-node\/bin\/[^/]+\/[^/]+\/[^/]+)/.exec(name)?.[0] ?? name)
  return [...new Set(folders)].sort()
}

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}
