"""Reading a page back: elements, ids, links, tables, without a browser."""

from html.parser import HTMLParser

VOID = {"meta", "wbr", "img", "br", "input", "link", "hr"}


class Page(HTMLParser):
    """All start tags with their attributes, and the text inside each element that was closed."""

    def __init__(self, data):
        super().__init__(convert_charrefs=True)
        self.elements, self.texts, self._open, self.unbalanced = [], {}, [], []
        self.feed(data.decode())
        self.close()
        self.unbalanced += [tag for tag, _ in self._open]

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append((tag, []))

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self._open or self._open[-1][0] != tag:
            self.unbalanced.append(tag)
            return
        _, words = self._open.pop()
        self.texts.setdefault(tag, []).append("".join(words).strip())

    def handle_data(self, data):
        for _, words in self._open:
            words.append(data)

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]

    def attributes(self, name):
        return [attrs[name] for _, attrs in self.elements if name in attrs]
