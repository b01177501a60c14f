export function plot(what: {
  title: string
  x: { title: string; places: number[]; label?: string }
  panels: { title: string; series: { name: string; points: [number, number][] }[] }[]
}): Promise<string>
