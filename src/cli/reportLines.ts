/** Lines of progress for programs come at most this often, ms. */
const lineMs = 200

interface Report {
  type: string
  loaded?: number
  total?: number
}

/** Prints each report as a line of JSON; of `progress`, the last and a few before it. */
export function reportLines<T extends Report>(): (report: T) => void {
  let last = 0
  return report => {
    if (report.type === 'progress') {
      if (performance.now() - last < lineMs && (report.loaded ?? 0) < (report.total ?? 0)) return
      last = performance.now()
    }
    process.stdout.write(`${JSON.stringify(report)}\n`)
  }
}
