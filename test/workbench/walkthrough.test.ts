import { describe, expect, test } from 'vitest'
import { useWorkbench, whyNoWorkbench } from './workbench.js'

describe.skipIf(whyNoWorkbench)(`first steps in VS Code ${whyNoWorkbench}`, { timeout: 180_000 }, () => {
  const workbench = useWorkbench()

  test('the walkthrough ends its first steps with a picture', async () => {
    await workbench().openFolder({})
    const { page } = workbench()
    await workbench().command('SD Notebook: Get Started')
    const step = (title: string) => page.locator('.getting-started-step', { hasText: title })
    await step('Make a notebook').click()
    await page.getByRole('button', { name: 'New Notebook from Text to Image' }).click()
    await page.locator('.tab.active', { hasText: 'Untitled' }).waitFor()
    await page.locator('.tab', { hasText: 'Welcome' }).click()
    await step('Run it, and see a picture').click()
    await page.getByRole('button', { name: 'Run All' }).click()
    const notebook = await workbench().notebook('Untitled')
    const picture = await notebook.output('.sdnb-frame img')
    expect(await picture.evaluate(image => (image as never as { naturalWidth: number }).naturalWidth)).toBe(128)
    await page.locator('.tab', { hasText: 'Welcome' }).click()
    for (const title of ['Make a notebook', 'Run it, and see a picture'])
      await step(title).locator('.codicon-getting-started-step-checked.complete').waitFor()
  })
})
