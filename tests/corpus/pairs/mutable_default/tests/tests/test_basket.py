from basket import Basket


def test_first_basket():
    assert Basket().add("apple").items == ["apple"]


def test_second_basket():
    assert Basket().add("pear").items == ["pear"]


def test_given_list_is_not_changed():
    items = [1]
    Basket(items).add(2)
    assert items == [1]
