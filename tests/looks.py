"""What a browser shows of a page: contrast, what sticks out, light or dark."""

from servers.chromium import Browser

from gateway.letters.colour import READABLE

WIDTHS = (320, 600, 1200)
SCHEMES = ("light", "dark")
MEASURE = """
(() => {
  const parse = (text) => {
    const found = text.match(/[\\d.]+/g).map(Number);
    return {rgb: found.slice(0, 3), alpha: found.length > 3 ? found[3] : 1};
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((one) => one / 255)
      .map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = parse(getComputedStyle(one).backgroundColor);
      if (colour.alpha > 0) return colour.rgb;
    }
    return [255, 255, 255];
  };
  const faint = [], outside = [];
  let lowest = 99, words = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.data.trim(), element = walker.currentNode.parentElement;
    if (!text || !element.getClientRects().length) continue;
    words += 1;
    const style = getComputedStyle(element);
    const colour = element.tagName === "text" ? style.fill : style.color;
    const ink = light(parse(colour).rgb), paper = light(ground(element));
    const ratio = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    lowest = Math.min(lowest, ratio);
    if (ratio < 4.5) faint.push(text.slice(0, 40) + " " + ratio.toFixed(2));
    const range = document.createRange();
    range.selectNodeContents(walker.currentNode);
    const box = range.getBoundingClientRect();
    if (element.closest("[tabindex]")) continue;
    if (box.right > innerWidth + 0.5 || box.left < -0.5) outside.push(text.slice(0, 40));
  }
  return {
    faint, outside, words, lowest,
    wide: document.documentElement.scrollWidth - innerWidth,
    dark: matchMedia("(prefers-color-scheme: dark)").matches,
    ground: light(ground(document.querySelector(".text") || document.body)),
  };
})()
"""
"""What can be scrolled by itself, and reached by keyboard for that, may stick out."""


def assert_looks_well(page: Browser, scheme: str, where: str) -> None:
    """The page at hand is in the wanted scheme, legible, and no wider than the window."""
    found = page.run(MEASURE)

    assert found["dark"] is (scheme == "dark"), where
    assert (found["ground"] < 0.1) is (scheme == "dark"), where
    assert found["words"] >= 2, where
    assert found["faint"] == [], where
    assert found["lowest"] >= READABLE, where
    assert found["outside"] == [], where
    assert found["wide"] <= 0, where
