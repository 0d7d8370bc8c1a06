import AxeBuilder from "@axe-core/playwright";
import type { Page } from "playwright-core";

/** The screens that every page is looked at on. */
export const WIDE = { width: 1280, height: 900 };
export const PHONE = { width: 390, height: 844 };

/** What axe calls serious or critical, and what makes the page scroll to the side. */
export async function look(page: Page, where: string): Promise<string[]> {
  // Colours that are still changing would be looked at.
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  const light = await new AxeBuilder({ page }).analyze();
  await page.emulateMedia({ colorScheme: "dark" });
  // The themes differ in colours only.
  const dark = await new AxeBuilder({ page }).withRules("color-contrast").analyze();
  const findings = [...light.violations, ...dark.violations]
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${where}: ${id} at ${nodes.map(({ html }) => html).join(" ")}`);
  const beyond = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
  return beyond > 0 ? [...findings, `${where}: ${beyond} px wider than the screen`] : findings;
}
