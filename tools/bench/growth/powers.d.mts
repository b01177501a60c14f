export function powers(xs: number[], ys: (number | undefined)[]): (number | undefined)[]
