"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const heads = Array.from(table.tHead.rows[0].cells);
  // Numbers have thin spaces between groups of digits, or are missing.
  const key = (row, column) => {
    const cell = row.cells[column];
    if (!cell.classList.contains("n")) { return cell.textContent; }
    const number = parseFloat(cell.textContent.replaceAll("\u2009", ""));
    return Number.isNaN(number) ? -Infinity : number;
  };
  const compare = (a, b) => {
    if (typeof a !== "number") { return a.localeCompare(b, "en", { numeric: true }); }
    return a === b ? 0 : a > b ? 1 : -1;
  };
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const sign = head.ariaSort === "ascending" ? -1 : 1;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.ariaSort = sign === 1 ? "ascending" : "descending";
      const rows = Array.from(body.rows).map((row) => [key(row, column), row]);
      rows.sort((a, b) => sign * compare(a[0], b[0]));
      body.append(...rows.map((pair) => pair[1]));
    });
  });
}
