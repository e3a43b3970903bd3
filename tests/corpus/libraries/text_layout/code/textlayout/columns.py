from .width import cell_width, pad


class Table:
    def __init__(self, *names, align=None):
        self.rows, self.align = [names], align or {}

    def add(self, *cells):
        if len(cells) != len(self.rows[0]):
            raise ValueError(f"{len(cells)} cells in {len(self.rows[0])} columns")
        self.rows.append(tuple(str(cell) for cell in cells))
        return self

    def __str__(self):
        widths = [max(map(cell_width, column)) for column in zip(*self.rows)]
        sides = [self.align.get(name, "left") for name in self.rows[0]]
        lines = ["  ".join(map(pad, row, widths, sides)).rstrip() for row in self.rows]
        lines.insert(1, "  ".join("-" * width for width in widths))
        return "\n".join(lines)
