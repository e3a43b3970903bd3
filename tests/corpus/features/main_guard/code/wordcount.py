import collections


def count(text):
    return collections.Counter(text.lower().split())


if __name__ == "__main__":
    import click
    from rich.console import Console

    @click.command()
    @click.argument("path")
    def main(path):
        with open(path) as file:
            Console().print(count(file.read()))

    main()
