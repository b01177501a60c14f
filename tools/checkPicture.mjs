// node tools/checkPicture.mjs FILE.png: ends with 1 unless the file is a picture with something on it.
import sharp from 'sharp'

const [file] = process.argv.slice(2)
const { width, height, channels } = await sharp(file).metadata()
const { channels: colours, entropy } = await sharp(file).stats()
const spread = colours.map(({ stdev }) => stdev)
const distance = Math.max(...colours.map(({ mean }) => mean)) - Math.min(...colours.map(({ mean }) => mean))

console.log(
  `${file}: ${width}×${height}, ${channels} channels, entropy ${entropy.toFixed(1)} bits, ` +
    `standard deviation ${spread.map(value => value.toFixed(0)).join(' ')}, colour cast ${distance.toFixed(0)}`,
)
const wrong = [
  width < 256 && 'narrower than 256 pixels',
  Math.max(...spread) < 20 && 'flat',
  entropy < 4 && 'nearly empty',
  distance < 1 && 'without colour',
].filter(Boolean)
if (wrong.length > 0) {
  console.error(`not a picture: ${wrong.join(', ')}`)
  process.exitCode = 1
}
