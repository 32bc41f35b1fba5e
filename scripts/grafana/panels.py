"""The parts of a Grafana dashboard, as little JSON as is needed and none of a particular Grafana:
the data source is a variable, `id` is null, so import, provisioning and the sidecar all work."""
import json

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
SCHEMA_VERSION = 39  # Grafana 10.4; newer ones migrate it when they load it
WIDTH = 24


class Layout:
    """Puts panels beside each other until a line is full, and counts their ids."""

    def __init__(self):
        self.panels = []
        self.x = self.y = self.line_height = 0

    def row(self, title):
        self._next_line()
        self._put({"type": "row", "title": title, "collapsed": False, "panels": []}, WIDTH, 1)
        self._next_line()

    def add(self, *panels):
        for panel in panels:
            width, height = panel.pop("size")
            self._put(panel, width, height)

    def _put(self, panel, width, height):
        if self.x + width > WIDTH:
            self._next_line()
        place = {"h": height, "w": width, "x": self.x, "y": self.y}
        self.panels.append({"id": len(self.panels) + 1, "gridPos": place, **panel})
        self.x += width
        self.line_height = max(self.line_height, height)

    def _next_line(self):
        self.y += self.line_height
        self.x = self.line_height = 0


def targets(queries, **more):
    """`queries` is [(expression, legend), …]."""
    return [{"refId": chr(ord("A") + at), "datasource": SOURCE, "expr": expression,
             "legendFormat": legend, "range": True, **more}
            for at, (expression, legend) in enumerate(queries)]


def graph(title, description, unit, *queries, width=8, stack=False, limit=None):
    """Lines over time. `stack` fills and adds them up; `limit` colours what is above it."""
    custom = {"lineWidth": 1, "fillOpacity": 30 if stack else 8, "showPoints": "never",
              "stacking": {"mode": "normal" if stack else "none", "group": "A"}}
    defaults = {"unit": unit, "min": 0, "custom": custom}
    if limit is not None:
        custom["thresholdsStyle"] = {"mode": "dashed"}
        defaults["thresholds"] = {"mode": "absolute", "steps": [
            {"color": "green", "value": None}, {"color": "red", "value": limit}]}
    return {"type": "timeseries", "title": title, "description": description, "size": (width, 8),
            "datasource": SOURCE, "fieldConfig": {"defaults": defaults, "overrides": []},
            "options": {"legend": {"displayMode": "table", "placement": "bottom",
                                   "calcs": ["mean", "max", "lastNotNull"]},
                        "tooltip": {"mode": "multi", "sort": "desc"}},
            "targets": targets(queries)}


def number(title, description, unit, expression, red_from=None, legend="", width=4):
    """One figure, red from a limit on; of several series, one figure each."""
    steps = [{"color": "green", "value": None}]
    if red_from is not None:
        steps.append({"color": "red", "value": red_from})
    return {"type": "stat", "title": title, "description": description, "size": (width, 4),
            "datasource": SOURCE,
            "fieldConfig": {"defaults": {"unit": unit, "thresholds": {
                "mode": "absolute", "steps": steps}}, "overrides": []},
            "options": {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
                        "colorMode": "value", "graphMode": "area", "textMode": "auto"},
            "targets": targets([(expression, legend)])}


def heat_map(title, description, expression, width=12):
    """`expression` gives the buckets of a histogram in seconds."""
    return {"type": "heatmap", "title": title, "description": description, "size": (width, 8),
            "datasource": SOURCE, "fieldConfig": {"defaults": {}, "overrides": []},
            "options": {"calculate": False, "cellGap": 1, "yAxis": {"unit": "s"},
                        "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64},
                        "cellValues": {"unit": "short"}, "tooltip": {"show": True}},
            "targets": targets([(expression, "{{le}}")], format="heatmap")}


def table(title, description, *columns, width=24):
    """A row for each set of labels; `columns` is [(heading, unit, expression), …]."""
    names = {f"Value #{chr(ord('A') + at)}" if len(columns) > 1 else "Value": heading
             for at, (heading, _, _) in enumerate(columns)}
    overrides = [{"matcher": {"id": "byName", "options": heading},
                  "properties": [{"id": "unit", "value": unit}]} for heading, unit, _ in columns]
    return {"type": "table", "title": title, "description": description, "size": (width, 9),
            "datasource": SOURCE, "fieldConfig": {"defaults": {}, "overrides": overrides},
            "options": {"showHeader": True, "cellHeight": "sm"},
            "transformations": [
                {"id": "merge", "options": {}},
                {"id": "organize", "options": {
                    "excludeByName": {"Time": True}, "renameByName": names}}],
            "targets": [{"refId": chr(ord("A") + at), "datasource": SOURCE, "expr": expression,
                         "format": "table", "instant": True, "range": False, "legendFormat": ""}
                        for at, (_, _, expression) in enumerate(columns)]}


def values_of(name, label, query, title):
    """A variable with the values of a label. All is .*, so that series without it are found."""
    text = f"label_values({query}, {label})"
    return {"name": name, "label": title, "type": "query", "datasource": SOURCE,
            "definition": text, "query": {"query": text, "refId": name}, "refresh": 2, "sort": 1,
            "multi": True, "includeAll": True, "allValue": ".*", "options": [],
            "current": {"selected": True, "text": ["All"], "value": ["$__all"]}}


def window(chosen):
    """Over how long rates are taken: at least two scrapes."""
    choices = ("15s", "30s", "1m", "2m", "5m", "15m")
    return {"name": "window", "label": "Rates over", "type": "custom", "query": ",".join(choices),
            "multi": False, "includeAll": False,
            "options": [{"selected": choice == chosen, "text": choice, "value": choice}
                        for choice in choices],
            "current": {"selected": True, "text": chosen, "value": chosen}}


def annotation(name, colour, expression, title):
    """Prometheus's points become a region for as long as the series is there."""
    return {"name": name, "enable": True, "iconColor": colour, "datasource": SOURCE,
            "expr": expression, "step": "5s", "titleFormat": title, "textFormat": "",
            "tagKeys": "test", "useValueForTime": False}


def dashboard(uid, title, description, layout, variables, annotations=(), span="now-15m"):
    source = {"name": "datasource", "label": "Prometheus", "type": "datasource",
              "query": "prometheus", "refresh": 1, "regex": "", "multi": False,
              "includeAll": False, "options": [], "current": {}}
    return {"id": None, "uid": uid, "title": title, "description": description,
            "tags": ["squall"], "schemaVersion": SCHEMA_VERSION, "version": 1, "editable": True,
            "graphTooltip": 1, "timezone": "browser", "refresh": "5s",
            "time": {"from": span, "to": "now"},
            "links": [{"type": "dashboards", "title": "Squall", "tags": ["squall"],
                       "asDropdown": True, "includeVars": True, "keepTime": True}],
            "templating": {"list": [source, *variables]},
            "annotations": {"list": list(annotations)}, "panels": layout.panels}


def text_of(value, indent=0):
    """JSON that a diff can show: what fits in a line stays in one."""
    line = json.dumps(value, ensure_ascii=False)
    inner = "  " * (indent + 1)
    if len(line) + len(inner) <= 100 or not isinstance(value, (dict, list)) or not value:
        return line
    if isinstance(value, dict):
        parts = [f"{json.dumps(key)}: {text_of(item, indent + 1)}" for key, item in value.items()]
    else:
        parts = [text_of(item, indent + 1) for item in value]
    lines = f",\n{inner}".join(parts)
    brackets = "{}" if isinstance(value, dict) else "[]"
    return f"{brackets[0]}\n{inner}{lines}\n{'  ' * indent}{brackets[1]}"
