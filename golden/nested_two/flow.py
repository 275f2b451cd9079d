from metaflow import FlowSpec, step


class NestedTwoFlow(FlowSpec):
    """For each shop, for each of its products."""

    @step
    def start(self):
        self.discount = 0.1
        self.shops = {"berlin": {"mug": 10.0, "pot": 25.0}, "paris": {"mug": 12.0, "cup": 8.0}}
        self.names = sorted(self.shops)
        self.next(self.shop, foreach="names")

    @step
    def shop(self):
        self.city = self.input
        self.products = list(self.shops[self.city].items())
        self.next(self.product, foreach="products")

    @step
    def product(self):
        name, price = self.input
        self.offer = (name, round(price * (1 - self.discount), 2))
        # of the product, not of the shop
        self.place = f"{self.city} {self.index}"
        self.next(self.products_done)

    @step
    def products_done(self, inputs):
        self.offers = dict(inp.offer for inp in inputs)
        self.places = [inp.place for inp in inputs]
        self.city = inputs[0].city
        self.next(self.shops_done)

    @step
    def shops_done(self, inputs):
        self.offers = {inp.city: inp.offers for inp in inputs}
        self.places = [place for inp in inputs for place in inp.places]
        self.next(self.end)

    @step
    def end(self):
        print(self.offers, self.places)


if __name__ == "__main__":
    NestedTwoFlow()
