import { expect } from "bun:test";

/** The dashboard is served whole, and its stream lives: by an executable alone, or on another runtime. */
export async function expectDashboard(url: string): Promise<void> {
  const page = await fetch(`${url}/`, { headers: { accept: "text/html" } });
  const text = await page.text();
  expect(text).toStartWith("<!doctype html>");
  const assets = [...text.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map((match) => match[1]!);
  expect(assets.length).toBeGreaterThan(2);
  for (const path of [...assets, "/assets/inter-latin.woff2", "/assets/inter-cyrillic.woff2"]) {
    const asset = await fetch(`${url}${path}`);
    expect([path, asset.status]).toEqual([path, 200]);
    const bytes = await asset.bytes();
    expect(bytes.length).toBeGreaterThan(200);
    if (path.endsWith(".woff2")) expect(new TextDecoder().decode(bytes.slice(0, 4))).toBe("wOF2");
  }
  const stream = await fetch(`${url}/stream`);
  let told = "";
  for await (const piece of stream.body!.pipeThrough(new TextDecoderStream())) {
    told += piece;
    // What greets, and one more a second later.
    if ((told.match(/^event: status$/gm)?.length ?? 0) >= 2) break;
  }
  expect(told).toContain("event: hello\n");
}
