/** What the pipeline shows in a notebook is what the protocol says that viewers get: that this file compiles is the test. */
import { expectTypeOf } from 'vitest'
import type { ImageDetails as Shown } from '../../src/pipeline/image/bundle.js'
import type { Preview as MadePreview } from '../../src/pipeline/image/preview.js'
import type { Progress } from '../../src/pipeline/progress.js'
import type { ImageDetails } from '../../src/protocol/pictures.js'
import type { Preview, ProgressReport } from '../../src/protocol/progress.js'

expectTypeOf<Shown>().toEqualTypeOf<ImageDetails>()
expectTypeOf<MadePreview>().toEqualTypeOf<Preview>()
expectTypeOf<Progress>().toEqualTypeOf<Omit<ProgressReport, 'version' | 'previews'>>()
