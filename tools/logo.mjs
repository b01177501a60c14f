// node tools/logo.mjs: renders the kernel's logo at the sizes that Jupyter asks for.
import { join } from 'node:path'
import sharp from 'sharp'
import { root } from './setup.mjs'

const folder = join(root, 'assets/kernel')
for (const size of [32, 64])
  await sharp(join(folder, 'logo-svg.svg'), { density: 288 })
    .resize(size)
    .png({ compressionLevel: 9 })
    .toFile(join(folder, `logo-${size}x${size}.png`))
