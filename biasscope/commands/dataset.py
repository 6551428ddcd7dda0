"""``dataset``: where and how large are the objects of each class, and is that bias or chance?"""
def dataset(a: int = 0):
    print(a)
