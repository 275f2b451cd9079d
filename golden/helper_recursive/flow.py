from metaflow import FlowSpec, Parameter, step


class CategoriesFlow(FlowSpec):
    """Walk through a tree of product categories."""

    depth = Parameter("depth", help="How deep to look", default=10)

    def count(self, node):
        return 1 + sum(self.count(child) for child in node.get("children", []))

    def paths(self, node, prefix=""):
        path = f"{prefix}/{node['name']}"
        found = [path]
        for child in node.get("children", []):
            found += self.paths(child, path)
        return found

    def visit_even(self, node, level=0):
        self.visits += 1
        self.levels[node["name"]] = level
        if level < self.depth:
            for child in node.get("children", []):
                self.visit_odd(child, level + 1)

    def visit_odd(self, node, level):
        self.odd.append(node["name"])
        if level < self.depth:
            for child in node.get("children", []):
                self.visit_even(child, level + 1)

    @step
    def start(self):
        shoes = {"name": "shoes", "children": [{"name": "boots"}, {"name": "sandals"}]}
        clothes = {"name": "clothes", "children": [shoes, {"name": "hats"}]}
        self.tree = {"name": "all", "children": [clothes, {"name": "food"}]}
        self.total = self.count(self.tree)
        self.visits = 0
        self.next(self.walk)

    @step
    def walk(self):
        self.odd = []
        self.levels = {}
        self.visit_even(self.tree)
        self.next(self.end)

    @step
    def end(self):
        self.paths_found = self.paths(self.tree)
        self.visit_even({"name": "new"}, level=self.depth)
        print(self.total, self.visits, self.odd, self.levels, self.paths_found)


if __name__ == "__main__":
    CategoriesFlow()
