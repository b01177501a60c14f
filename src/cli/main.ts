#!/usr/bin/env node
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import type { ExportOptions } from './export.js'
import type { InstallOptions } from './installCuda.js'
import type { KernelSpecOptions } from './kernelSpec.js'
import type { PullOptions } from './modelsPull.js'
import type { RemoveOptions } from './modelsRemove.js'
import type { RunOptions } from './run.js'

/** of the package; written in by the build */
declare const packageVersion: string

const exitCodes = { done: 0, failed: 1, wrongUse: 2 }

/** `sdnb`: runs notebooks, and is their kernel. Built as one file of CommonJS, which Node starts sooner than a module; a command is loaded when it is called. */
async function main(): Promise<number> {
  let exitCode = exitCodes.done
  const program = new Command('sdnb')
    .description('Stable Diffusion in TypeScript notebooks')
    .version(packageVersion)
    .exitOverride()
    .configureOutput({ outputError: () => {} })
  program
    .command('run')
    .description('run all cells of a notebook')
    .argument('<file.sdnb>', 'the notebook; it stays as it is unless --inplace is given')
    .option('-p, --parameter <name=value>', 'a value for a parameter of the notebook; may be repeated', parameter)
    .option('--output <file>', 'write the executed notebook here')
    .option('--inplace', 'write the executed notebook over the file')
    .option('--html <file>', 'write the executed notebook as an HTML page too')
    .option('--timeout <seconds>', 'stop the whole run after this time', seconds)
    .option('--json', 'print a summary for programs, as JSON, to stdout; what cells print goes to stderr')
    .action(async (file: string, options: RunOptions) => {
      const { run } = await import('./run.js')
      exitCode = await run(file, options)
    })
  program
    .command('export')
    .description('write a notebook in another format')
    .argument('<file.sdnb>', 'the notebook; it stays as it is')
    .addOption(new Option('--to <format>', 'the format').choices(['html', 'md', 'ipynb', 'ts']).makeOptionMandatory())
    .option('--output <file>', 'write here instead of beside the notebook')
    .option('--json', 'print what was written, as JSON, to stdout')
    .action(async (file: string, options: ExportOptions) => {
      const { exportNotebook } = await import('./export.js')
      await exportNotebook(file, options)
    })
  const kernel = program.command('kernel').description('the kernel for JupyterLab and other Jupyter clients')
  for (const [name, description] of [
    ['install', 'let Jupyter find the kernel'],
    ['uninstall', 'remove what install wrote'],
  ] as const)
    kernel
      .command(name)
      .description(description)
      .option('--user', 'for this user (the default)')
      .option('--prefix <folder>', 'in <folder>/share/jupyter')
      .option('--sys-prefix', 'in the Python environment that is active here')
      .option('--json', 'print where, as JSON')
      .action(async (options: KernelSpecOptions) => {
        const { installKernelSpec, uninstallKernelSpec } = await import('./kernelSpec.js')
        name === 'install' ? installKernelSpec(options) : uninstallKernelSpec(options)
      })
  kernel
    .command('start')
    .description('run a kernel; Jupyter does this')
    .requiredOption('--connection-file <file>', 'where it listens, and the key of its messages')
    .action(async (options: { connectionFile: string }) => {
      const { startJupyterKernel } = await import('./kernelStart.js')
      await startJupyterKernel(options)
    })
  const models = program
    .command('models')
    .description("models on this machine, in the cache that Python's libraries share")
  models
    .command('list')
    .description('what is here, its size, and whether it can be used')
    .option('--json', 'print it as JSON')
    .action(async (options: { json?: boolean }) => {
      const { listModels } = await import('./modelsList.js')
      await listModels(options)
    })
  models
    .command('pull')
    .description('download a model: the files that a pipeline reads, and no others')
    .argument('<owner/name>', 'a model of the Hugging Face hub, in diffusers layout')
    .option('--revision <name>', 'branch, tag or commit (main)')
    .option('--variant <name>', 'weights with this word in their name where there are some, as fp16')
    .option('--dry-run', 'tell what is to come and what the disk has room for, and download nothing')
    .option('--json', 'print a plan, progress and the folder as lines of JSON')
    .action(async (id: string, options: PullOptions) => {
      const { pullModel } = await import('./modelsPull.js')
      exitCode = await pullModel(id, options)
    })
  models
    .command('remove')
    .description('remove a model; what other revisions of it use stays')
    .argument('<owner/name>', 'as models list tells')
    .option('--revision <name>', 'this one alone')
    .option('-y, --yes', 'do not ask')
    .option('--dry-run', 'tell what would be freed, and remove nothing')
    .option('--json', 'print what was removed, as JSON')
    .action(async (id: string, options: RemoveOptions) => {
      const { removeModel } = await import('./modelsRemove.js')
      exitCode = await removeModel(id, options)
    })
  program
    .command('install')
    .description('what a device needs and npm does not bring')
    .command('cuda')
    .description("onnxruntime's CUDA provider, and what of CUDA 12 and cuDNN 9 is not here; on Linux x64")
    .option('-y, --yes', 'do not ask')
    .option('--dry-run', 'tell what is to come and what the disk has room for, and download nothing')
    .option('--json', 'print a plan, progress and whether it works as lines of JSON')
    .action(async (options: InstallOptions) => {
      const { installCuda } = await import('./installCuda.js')
      exitCode = await installCuda(options)
    })
  program
    .command('doctor')
    .description('which devices, libraries and models work here, and why the others do not')
    .option('--json', 'print it as JSON')
    .action(async (options: { json?: boolean }) => {
      const { doctor } = await import('./doctor.js')
      exitCode = await doctor(options)
    })
  try {
    await program.parseAsync()
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.done
    if (error instanceof CommanderError && error.code === 'commander.help') return exitCodes.wrongUse
    // by name: a command lies in another bundle, whose classes are its own
    const usage = error instanceof CommanderError || (error as Error | undefined)?.name === 'UsageError'
    const message = error instanceof Error ? (usage ? error.message : (error.stack ?? error.message)) : String(error)
    process.stderr.write(`sdnb: ${usage ? message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ') : message}\n`)
    return usage ? exitCodes.wrongUse : exitCodes.failed
  }
}

function parameter(text: string, before: [string, string][] = []): [string, string][] {
  const equals = text.indexOf('=')
  if (equals < 1) throw new InvalidArgumentError(`Expected name=value.`)
  return [...before, [text.slice(0, equals), text.slice(equals + 1)]]
}

function seconds(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (!(value > 0)) throw new InvalidArgumentError('Expected a number of seconds above 0.')
  return value
}

// A reader that goes away early, as `| head`, is no reason to stop a run.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error
  })
void main().then(exitCode => {
  process.exitCode = exitCode
})
