// What is wider than the page scrolls in a box of its own. Such a box can be reached by the Tab key; others need not be.
addEventListener("load", () => {
  const boxes = document.querySelectorAll("pre, .formula, .table-wrapper, .output.text_html, .output.text_html > div, .cell_output");
  const watch = new ResizeObserver((changes) => changes.forEach(({ target }) => {
    target.toggleAttribute("data-wide", target.scrollWidth > target.clientWidth);
    if (target.hasAttribute("data-wide")) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }));
  boxes.forEach((box) => watch.observe(box));
});
