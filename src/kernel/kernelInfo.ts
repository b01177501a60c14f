import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { KernelInfo } from '../protocol/messages.js'

export function kernelInfo(): KernelInfo {
  const version = packageVersion('sdnb')
  const typescript = packageVersion('typescript')
  return {
    protocol_version: '5.5',
    implementation: 'sdnb',
    implementation_version: version,
    language_info: {
      name: 'typescript',
      version: typescript,
      mimetype: 'text/x.typescript',
      file_extension: '.ts',
      pygments_lexer: 'typescript',
      codemirror_mode: 'typescript',
      nbconvert_exporter: 'script',
    },
    banner: `SD Notebook ${version}: TypeScript ${typescript} on Node ${process.versions.node}`,
    debugger: false,
    help_links: [{ text: 'TypeScript', url: 'https://www.typescriptlang.org/docs/' }],
    supported_features: [],
  }
}

function packageVersion(name: string): string {
  const path = createRequire(import.meta.url).resolve(`${name}/package.json`)
  return JSON.parse(readFileSync(path, 'utf8')).version
}
