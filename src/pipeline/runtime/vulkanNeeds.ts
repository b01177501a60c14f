import { existsSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { DeviceNeed } from './cudaNeeds.js'
import { libraryUses } from './sharedLibraries.js'

/** Where Vulkan's loader looks for drivers (https://github.com/KhronosGroup/Vulkan-Loader, LoaderDriverInterface.md). */
const driverFolders = ['/etc/vulkan/icd.d', '/usr/local/share/vulkan/icd.d', '/usr/share/vulkan/icd.d']

/** What WebGPU runs on, on Linux: Vulkan's loader, and the driver of a graphics card. */
export function vulkanNeeds(env: NodeJS.ProcessEnv = process.env): DeviceNeed[] {
  const [{ name, path }] = libraryUses(
    ['libvulkan.so.1'],
    env.LD_LIBRARY_PATH?.split(':').filter(Boolean) ?? [],
  ).filter(use => use.name === 'libvulkan.so.1')
  const drivers = driversOf(env)
  return [
    { name, found: path, mend: path ? undefined : 'install the Vulkan loader (Debian and Ubuntu: libvulkan1)' },
    {
      name: 'Vulkan driver',
      found: drivers.length > 0 ? drivers.join(', ') : undefined,
      mend: drivers.length > 0 ? undefined : "install your graphics card's driver (AMD, Intel: mesa-vulkan-drivers)",
    },
  ]
}

function driversOf(env: NodeJS.ProcessEnv): string[] {
  const set = env.VK_DRIVER_FILES ?? env.VK_ICD_FILENAMES
  const files = set
    ? set.split(':')
    : driverFolders.flatMap(folder => (existsSync(folder) ? readdirSync(folder).map(name => join(folder, name)) : []))
  return files.filter(file => file.endsWith('.json') && existsSync(file)).map(file => basename(file, '.json'))
}
