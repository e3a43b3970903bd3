from decimal import Decimal

from expenses import render, totals

TEXT = 'who,amount\n"Smith, Ann",0.10\nBob,3\n"Smith, Ann",0.20\n'


def test_totals():
    assert totals(TEXT) == {"Smith, Ann": Decimal("0.30"), "Bob": Decimal(3)}


def test_plain_names():
    assert totals("who,amount\nA,1\nA,2\n") == {"A": 3}


def test_render():
    assert render({"b": Decimal("1.50"), "a, c": Decimal(2)}) == 'who,amount\n"a, c",2\nb,1.50\n'
