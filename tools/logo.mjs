// node tools/logo.mjs: renders the logo at the sizes that Jupyter and VS Code ask for.
import { join } from 'node:path'
import sharp from 'sharp'
import { root } from './setup.mjs'

const folder = join(root, 'assets/kernel')
for (const [size, file] of [
  [32, 'assets/kernel/logo-32x32.png'],
  [64, 'assets/kernel/logo-64x64.png'],
  [128, 'media/icon.png'],
])
  await sharp(join(folder, 'logo-svg.svg'), { density: 288 })
    .resize(size)
    .png({ compressionLevel: 9 })
    .toFile(join(root, file))
