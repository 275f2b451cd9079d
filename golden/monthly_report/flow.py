#!/usr/bin/env python3
"""The monthly report of the support team, in Markdown and HTML."""
import calendar
import html
import textwrap
from collections import defaultdict
from datetime import date, datetime, timedelta
from string import Template

from metaflow import FlowSpec, Parameter, retry, schedule, step, timeout

#: opened at, closed after so many hours (None: still open), team, subject
TICKETS = [
    ("2024-01-30T09:00", 5, "billing", "Invoice <missing>"),
    ("2024-02-01T10:15", 3, "billing", "Refund & credit"),
    ("2024-02-05T08:30", 50, "platform", "Login fails"),
    ("2024-02-14T16:45", None, "platform", "Slow pages"),
    ("2024-02-20T11:00", 1, "billing", "Wrong VAT"),
    ("2024-02-29T23:59", 12, "mobile", "Crash on start"),
    ("2024-03-01T07:00", 2, "mobile", "Dark mode"),
]

PAGE = Template("<html><head><title>$title</title></head>\n<body>\n$body\n</body></html>\n")


def month_bounds(month: str) -> tuple[date, date]:
    """The first and the last day of a month like `2024-02`."""
    first = datetime.strptime(month, "%Y-%m").date()
    return first, first.replace(day=calendar.monthrange(first.year, first.month)[1])


def hours(value):
    if value is None:
        return "open"
    return f"{value / 24:.1f} d" if value >= 24 else f"{value:.0f} h"


def markdown_table(header, rows):
    """A table with its columns as wide as they need to be."""
    cells = [list(header)] + [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def html_table(header, rows):
    def line(cells, tag):
        return "<tr>" + "".join(f"<{tag}>{html.escape(str(cell))}</{tag}>" for cell in cells) + "</tr>"

    return "<table>\n" + "\n".join([line(header, "th"), *(line(row, "td") for row in rows)]) + "\n</table>"


# 05:00 on the first day of each month
@schedule(cron="0 5 1 * *")
class MonthlyReportFlow(FlowSpec):
    """Collect a month's tickets, measure them, and write two versions of the report."""

    month = Parameter("month", help="The month to report on, as YYYY-MM", default="2024-02")
    today = Parameter("today", help="The day of the report", default="2024-03-02")
    target_hours = Parameter("target-hours", help="Tickets should be closed within", default=24)
    title = Parameter("title", help="Title of the report", default="Support & Service")

    @step
    def start(self):
        """Choose the month's tickets."""
        self.first, self.last = month_bounds(self.month)
        self.tickets = []
        for opened, duration, team, subject in TICKETS:
            opened_at = datetime.fromisoformat(opened)
            if not self.first <= opened_at.date() <= self.last:
                continue
            closed_at = opened_at + timedelta(hours=duration) if duration is not None else None
            self.tickets.append({"opened": opened_at, "closed": closed_at, "team": team, "subject": subject})
        self.next(self.measure)

    @timeout(minutes=5)
    @step
    def measure(self):
        """Hours to close, by team."""
        now = datetime.fromisoformat(self.today)
        self.by_team = defaultdict(list)
        for ticket in self.tickets:
            closed = ticket["closed"]
            ticket["hours"] = (closed - ticket["opened"]).total_seconds() / 3600 if closed else None
            ticket["age"] = ((closed or now) - ticket["opened"]).days
            self.by_team[ticket["team"]].append(ticket["hours"])
        self.closed = [t["hours"] for t in self.tickets if t["hours"] is not None]
        self.on_time = sum(h <= self.target_hours for h in self.closed)
        self.next(self.tables)

    @step
    def tables(self):
        """Rows for both versions."""
        self.header = ("Team", "Tickets", "Mean", "Open")
        self.rows = []
        for team, durations in sorted(self.by_team.items()):
            done = [d for d in durations if d is not None]
            mean = sum(done) / len(done) if done else None
            self.rows.append((team, len(durations), hours(mean), durations.count(None)))
        self.details = [
            (t["opened"].strftime("%d %b"), t["subject"], hours(t["hours"]), "!" if t["age"] > 7 else "")
            for t in sorted(self.tickets, key=lambda t: t["opened"], reverse=True)
        ]
        if self.closed:
            self.headline = f"{self.on_time} of {len(self.closed)} closed within {self.target_hours} h"
        else:
            self.headline = "nothing was closed"
        self.next(self.markdown)

    @step
    def markdown(self):
        """The version for the wiki."""
        intro = textwrap.dedent(
            f"""\
            # {self.title}: {self.first:%B %Y}

            Report of {date.fromisoformat(self.today):%A, %d %B %Y}. *{self.headline}.*
            """
        )
        parts = [intro, markdown_table(self.header, self.rows)]
        if self.details:
            parts += ["", "## Tickets", "", markdown_table(("Day", "Subject", "Took", ""), self.details)]
        self.markdown_text = "\n".join(parts) + "\n"
        self.next(self.page)

    @retry(times=1)
    @step
    def page(self):
        """The version for the mail."""
        body = [f"<h1>{html.escape(self.title)}</h1>", f"<p>{self.headline}</p>", html_table(self.header, self.rows)]
        body += [html_table(("Day", "Subject", "Took", ""), self.details)] if self.details else []
        self.html_text = PAGE.substitute(title=html.escape(self.title), body="\n".join(body))
        self.next(self.end)

    @step
    def end(self):
        """Show the report and how long it is."""
        self.sizes = {"markdown": len(self.markdown_text.splitlines()), "html": len(self.html_text.splitlines())}
        print(self.markdown_text)


if __name__ == "__main__":
    MonthlyReportFlow()
