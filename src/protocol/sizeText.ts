/** Bytes as a person reads them: `340 kB`, `11.3 MB`, `5.48 GB`; decimal, as disks and downloads are sold. */
export function sizeText(bytes: number): string {
  const [unit, name] = units.find(([unit]) => bytes >= unit) ?? [1, 'bytes']
  const value = bytes / unit
  return `${unit === 1 ? value : value.toPrecision(value >= 1000 ? 4 : 3)} ${name}`
}

const units: [number, string][] = [
  [1e9, 'GB'],
  [1e6, 'MB'],
  [1e3, 'kB'],
]
