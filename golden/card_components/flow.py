"""Every component that metaflow.cards has."""

import struct
import zlib

import pandas as pd
from metaflow import FlowSpec, card, current, step
from metaflow.cards import (
    Artifact,
    Error,
    EventsTimeline,
    Image,
    JSONViewer,
    Markdown,
    ProgressBar,
    PythonCode,
    Table,
    ValueBox,
    VegaChart,
    YAMLViewer,
)


def png(width, height):
    """An image in one colour, as PNG."""

    def chunk(kind, data):
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = (b"\0" + bytes([200, 80, 40]) * width) * height
    head = b"\x89PNG\r\n\x1a\n"
    return head + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class GalleryFlow(FlowSpec):
    @card(type="blank")
    @step
    def start(self):
        self.rates = [0.1, 0.2]
        add = current.card.append
        add(Markdown("# Text\n\n| a | b |\n|---|---|\n| 1 | **2** |"))
        add(Markdown("<details><summary>More</summary>inside</details>"))
        add(Markdown("a < b & <unclosed"))
        add(Table([["first", Artifact({"a": 2})], [3, Markdown("*cell*")]], headers=["A", "<B>"]))
        frame = pd.DataFrame({"rate": self.rates, "note": ["x" * 40, None]})
        add(Table.from_dataframe(frame))
        add(Artifact({"k": list(range(200))}, name="large"))
        add(Artifact({"k": list(range(20))}, compressed=False))
        add(Image(png(60, 30), label="An <image>"))
        add(Image(b"no image"))
        add(Error(ValueError("bad <b>value</b>"), title="It failed"))
        add(ProgressBar(max=10, label="Rows", value=4, unit="k", metadata="2 k/s"))
        add(ValueBox(title="Revenue", value=1200, theme="success", change_indicator="Up 15%"))
        self.next(self.charts)

    @card(type="blank", options={"title": "Charts & <data>"})
    @step
    def charts(self):
        points = [{"x": rate, "y": f"</script>{rate}"} for rate in self.rates]
        x = {"field": "x", "type": "quantitative"}
        spec = {"data": {"values": points}, "mark": "point", "encoding": {"x": x}}
        current.card.append(VegaChart(spec))
        current.card.append(PythonCode(png))
        current.card.append(PythonCode(code_string="print('<hello>')"))
        events = EventsTimeline(title="Events")
        current.card.append(events)
        events.update({"action": "load", "rows": 3}, style_theme="success")
        events.update({"action": "show"}, payloads={"text": Markdown("*done*")}, finished=True)
        current.card.append(JSONViewer({"a": [1, None], "b": "<c>"}))
        current.card.append(JSONViewer('{"d": 1}', collapsible=False, title="Of a string"))
        current.card.append(YAMLViewer({"host": "h", "ports": [1, 2]}, max_height="100px"))
        self.events = events.get_stats()["total_events"]
        self.spec = spec
        self.next(self.end)

    @step
    def end(self):
        print(self.events)


if __name__ == "__main__":
    GalleryFlow()
