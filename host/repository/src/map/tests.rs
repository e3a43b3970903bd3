#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use std::collections::BTreeMap;
use std::num::NonZeroU32;

use insta::assert_snapshot;
use phasegate_process::repository::FileKind;

use super::*;
use crate::memory_tree::MemoryTree;
use crate::outline::Definition;

const COMMIT: &str = "1111111111111111111111111111111111111111";

fn map_of(tree: &MemoryTree, task: &str, tokens: u32) -> RepositoryMap {
    map_with(tree, task, tokens, None)
}

fn map_with(tree: &MemoryTree, task: &str, tokens: u32, cache: Option<MapCache<'_>>) -> RepositoryMap {
    let id = COMMIT.parse().unwrap();
    let request = MapRequest {
        commit: &id,
        tree: &id,
        task,
        budget_tokens: NonZeroU32::new(tokens).unwrap(),
        python_modules: None,
        cache,
    };
    let files = tree.files();
    map_repository(&Sources { files: &files, read: &|file| tree.read(file) }, &request)
}

/// One line for each file, one for its definitions.
fn render(map: &RepositoryMap) -> String {
    let mut text = String::new();
    for file in &map.paths {
        let kind = file.kind.map(|kind| format!(" [{}]", kind.as_str())).unwrap_or_default();
        let language = file.language.as_deref().unwrap_or("-");
        text.push_str(&format!("{} {language}{kind}\n", file.path));
        let definitions = file.definitions.iter();
        let kind = |it: &Definition| format!("{:?}", it.kind).to_lowercase();
        let definitions: Vec<String> = definitions.map(|it| format!("{}:{} {}", it.line, kind(it), it.name)).collect();
        if !definitions.is_empty() {
            text.push_str(&format!("  {}\n", definitions.join(", ")));
        }
    }
    text
}

/// Definitions of one file.
fn outline_of(path: &str, text: &str) -> String {
    let map = map_of(&MemoryTree::new(&[(path, text)]), "", 8_000);
    render(&map).lines().nth(1).unwrap_or_default().trim().replace(", ", "\n")
}

#[test]
fn finds_definitions_of_python() {
    let text = "\
import os
MAX_ITEMS = 3
logger = None
@decorated
class Cart(Base):
    LIMIT = 2
    def __init__(self): pass
    async def total(self):
        def inner(): pass
    class Item:
        def price(self): pass
if os:
    def later(): pass
else:
    OTHER = 1
";
    assert_snapshot!(outline_of("a.py", text), @r"
    2:constant MAX_ITEMS
    5:class Cart
    8:method Cart.total
    10:class Cart.Item
    11:method Cart.Item.price
    13:function later
    15:constant OTHER
    ");
}

#[test]
fn finds_definitions_of_javascript_and_typescript() {
    let text = "\
export default class Cart extends Base { total() {} static #secret() {} }
export const add = (a, b) => a + b, MAX_ITEMS = 3;
const helper = function () { function inner() {} };
function* items() {}
exports.remove = function () {};
let x = 1;
";
    assert_snapshot!(outline_of("a.mjs", text), @r"
    1:class Cart
    1:method Cart.total
    2:function add
    2:constant MAX_ITEMS
    3:function helper
    4:function items
    5:function remove
    ");
    let text = "\
export interface Item { price: number; total(): number }
export type Id = string | number;
enum Color { Red }
export abstract class Shape<T> { abstract area(): number; draw(): void {} }
declare function outside(a: string): void;
namespace inner { export function f() {} }
";
    assert_snapshot!(outline_of("a.ts", text), @r"
    1:interface Item
    2:type Id
    3:enum Color
    4:class Shape
    4:method Shape.area
    4:method Shape.draw
    5:function outside
    6:module inner
    6:function f
    ");
    assert_snapshot!(outline_of("a.tsx", "export function App() { return <div>a</div>; }"), @"1:function App");
}

#[test]
fn finds_definitions_of_rust_and_go() {
    let text = "\
pub const MAX: usize = 3;
pub struct Cart<T> { items: Vec<T> }
impl<T> Cart<T> { pub fn total(&self) -> u32 { fn inner() {} 0 } const ONE: u8 = 1; }
impl Iterator for Cart<u8> { type Item = u8; fn next(&mut self) -> Option<u8> { None } }
pub trait Sum { fn sum(&self); }
enum Color { Red }
type Short = Cart<u8>;
mod inner { pub fn deep() {} }
macro_rules! twice { () => {} }
#[cfg(test)]
mod tests { fn hidden() {} }
";
    assert_snapshot!(outline_of("a.rs", text), @r"
    1:constant MAX
    2:struct Cart
    3:method Cart.total
    3:constant Cart.ONE
    5:trait Sum
    5:method Sum.sum
    6:enum Color
    7:type Short
    8:module inner
    8:function deep
    9:function twice
    ");
    let text = "\
package shop
const Max = 3
type Cart struct { items []int }
type Sum interface { Sum() int }
type ID = string
func New() *Cart { return nil }
func (c *Cart) Total() int { return 0 }
func (l List[T]) Len() int { return 0 }
";
    assert_snapshot!(outline_of("a.go", text), @r"
    2:constant Max
    3:struct Cart
    4:interface Sum
    5:type ID
    6:function New
    7:method Cart.Total
    8:method List.Len
    ");
}

#[test]
fn finds_definitions_of_java_and_c() {
    let text = "\
package shop;
public class Cart<T> {
    public static final int MAX = 3;
    private int count;
    public Cart() {}
    int total() { return 0; }
    int total(int from) { return 0; }
    interface Sum { int sum(); }
    enum Color { RED; void paint() {} }
    record Item(int price) { int half() { return 0; } }
}
";
    assert_snapshot!(outline_of("Cart.java", text), @r"
    2:class Cart
    3:constant Cart.MAX
    6:method Cart.total
    8:interface Cart.Sum
    8:method Cart.Sum.sum
    9:enum Cart.Color
    9:method Cart.Color.paint
    10:class Cart.Item
    10:method Cart.Item.half
    ");
    let text = "\
#define MAX 3
#define SQUARE(x) ((x) * (x))
#ifdef A
typedef struct { int a; } Cart;
#endif
struct item { int price; int (*pay)(void); };
enum color { RED };
typedef unsigned int id_t;
static struct item *find(const char *name) { struct item local; return 0; }
int declared(void);
int counter;
";
    assert_snapshot!(outline_of("a.c", text), @r"
    1:constant MAX
    2:function SQUARE
    4:struct Cart
    6:struct item
    7:enum color
    8:type id_t
    9:function find
    10:function declared
    ");
    let text = "\
namespace shop {
template <typename T> class Cart : Base {
public:
    Cart();
    ~Cart();
    int total() const { return 0; }
    int later(int n);
    bool operator==(const Cart& other) const;
};
using Id = int;
}
int shop::Cart<int>::later(int n) { return n; }
";
    assert_snapshot!(outline_of("a.hpp", text), @r"
    1:module shop
    2:class Cart
    6:method Cart.total
    7:method Cart.later
    8:method Cart.operator==
    10:type Id
    12:method shop.Cart.later
    ");
}

/// A small repository.
fn shop() -> MemoryTree {
    MemoryTree::new(&[
        ("README.md", "# Shop"),
        ("pyproject.toml", "[project]\nname = 'shop'"),
        ("docs/prices.md", "text"),
        ("logo.png", "\u{89}PNG\0"),
        ("shop/__init__.py", ""),
        ("shop/cart.py", "from .money import Money\nclass Cart:\n    def total(self): return Money(1)\n"),
        ("shop/discount.py", "from .money import Money\ndef apply_discount(cart): return Money(2)\n"),
        ("shop/money.py", "class Money:\n    pass\n"),
        ("shop/unused.py", "class Unused:\n    pass\n"),
        ("tests/test_cart.py", "from shop.cart import Cart\ndef test_total(): assert Cart().total()\n"),
        ("tests/test_money.py", "from shop.money import Money\ndef test_money(): assert Money\n"),
        ("web/node_modules/left/index.js", "function left() {}"),
    ])
}

#[test]
fn files_of_the_task_come_first() {
    let map = map_of(&shop(), "Discounts must never make the total of shop/cart.py negative", 8_000);
    assert_snapshot!(render(&map), @r"
    shop/cart.py python
      2:class Cart, 3:method Cart.total
    tests/test_cart.py python
      2:function test_total
    shop/discount.py python
      2:function apply_discount
    shop/money.py python
      1:class Money
    README.md markdown
    pyproject.toml toml
    shop/__init__.py python
    shop/unused.py python
      1:class Unused
    docs/prices.md markdown
    tests/test_money.py python
      2:function test_money
    logo.png - [binary]
    web/node_modules/left/index.js javascript
    ");
    assert_eq!((map.files, map.left_out), (12, 0));
    assert_snapshot!(format!("{:?} {}", map.languages, map.text_bytes), @r#"{"javascript": 1, "markdown": 2, "python": 7, "toml": 1} 364"#);
}

#[test]
fn the_budget_is_kept_by_whole_entries() {
    let mut files = BTreeMap::new();
    for number in 0..300 {
        let definitions: String = (0..30).map(|n| format!("def function_{number}_{n}(): pass\n")).collect();
        files.insert(format!("package_{number}/module.py"), definitions.into_bytes());
    }
    let tree = MemoryTree::from(files);
    for tokens in [1, 100, 400, 2_000, 8_000, 50_000, 400_000] {
        let map = map_of(&tree, "change package 7", tokens);
        let bytes = serde_json::to_string(&map).unwrap().len();
        assert!(map.paths.is_empty() || bytes <= tokens as usize * 4, "{bytes} bytes for {tokens} tokens");
        assert_eq!(map.paths.len() as u64 + map.left_out, 300);
        let definitions: usize = map.paths.iter().map(|file| file.definitions.len()).sum();
        assert_eq!(tokens > 1, definitions > 0, "{tokens} tokens");
        assert_eq!(tokens == 400_000, definitions == 9_000, "{tokens} tokens");
    }
    let map = map_of(&tree, "change package 7", 2_000);
    let first = &map.paths[0];
    assert_eq!(first.definitions.len() as u64 + first.definitions_left_out, 30);
}

#[test]
fn the_same_tree_has_the_same_map() {
    let dir = tempfile::tempdir().unwrap();
    let cache = MapCache { folder: &dir.path().join("cache"), repository: "/shop" };
    let tree = shop();
    let expected = map_of(&tree, "total of a cart", 2_000);
    for _ in 0..3 {
        assert_eq!(map_with(&tree, "total of a cart", 2_000, Some(cache)), expected);
    }
    let before = tree.reads("shop/cart.py");
    map_with(&tree, "another task", 2_000, Some(cache));
    assert_eq!(tree.reads("shop/cart.py"), before, "the second map parses nothing again");
}

#[test]
fn hostile_files_cost_little() {
    let deep = "(".repeat(100_000);
    let nested: String = (0..2_000).map(|n| format!("{}class C{n}:\n", " ".repeat(n % 90))).collect();
    let files: BTreeMap<String, Vec<u8>> = [
        ("a/deep.py", deep.clone().into_bytes()),
        ("a/deep.js", "{[".repeat(60_000).into_bytes()),
        ("a/deep.cpp", format!("int f() {{ return {deep}; }}").into_bytes()),
        ("a/deep.rs", "mod a {".repeat(30_000).into_bytes()),
        ("a/nested.py", nested.into_bytes()),
        ("a/line.js", "x=1;".repeat(260_000).into_bytes()),
        ("a/minified.js", "function a(){};".repeat(1_000).into_bytes()),
        ("a/nul.py", b"def f(): pass\0".to_vec()),
        ("a/latin.py", b"# caf\xe9\ndef f(): pass\n".to_vec()),
        ("a/invalid.go", b"\xff\xfe\xfd".repeat(100)),
        ("a/broken.py", b"def good(): pass\ndef (((\nclass Later: pass\n".to_vec()),
        ("a/empty.py", Vec::new()),
        ("a/names.py", format!("def {}(): pass\n", "n".repeat(5_000)).into_bytes()),
    ]
    .map(|(path, bytes)| (path.to_owned(), bytes))
    .into();
    let map = map_of(&MemoryTree::from(files), "", 60_000);
    let file = |path: &str| map.paths.iter().find(|file| file.path == path).unwrap();
    let names = |path: &str| file(path).definitions.iter().map(|it| it.name.as_str()).collect::<Vec<_>>();
    assert_eq!(map.paths.len(), 13);
    assert_eq!(["a/nul.py", "a/latin.py"].map(|path| file(path).kind), [Some(FileKind::Binary); 2]);
    assert!(names("a/broken.py").contains(&"good"));
    assert!(["a/line.js", "a/minified.js", "a/names.py", "a/nul.py"].iter().all(|path| names(path).is_empty()));
    assert_eq!(map.notes, [""; 0]);
}

#[test]
fn maps_follow_their_schema() {
    let mut tree = shop();
    tree.add_submodule("libs/other");
    tree.add_symlink("link", "README.md");
    tree.add("model.bin", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n");
    tree.forget("shop/cart.py");
    let map = map_of(&tree, "cart", 8_000);
    assert_snapshot!(map.notes.join("\n"), @r"
    1 submodule (`libs/other`): the files of submodules are not part of the run.
    1 pointer of Git LFS (`model.bin`): the contents are not in the repository and are not fetched.
    1 file (`shop/cart.py`) could not be read.
    ");
    let kind = |path: &str| map.paths.iter().find(|file| file.path == path).unwrap().kind;
    assert_eq!(
        ["libs/other", "link", "model.bin", "logo.png", "README.md"].map(kind),
        [Some(FileKind::Submodule), Some(FileKind::Symlink), Some(FileKind::Lfs), Some(FileKind::Binary), None]
    );
    let kinds = BTreeMap::new();
    let validator = phasegate_process::artifact::compile_schema(&kinds, &"repository_map".parse().unwrap()).unwrap();
    let faults: Vec<String> =
        validator.iter_errors(&serde_json::to_value(&map).unwrap()).map(|error| error.to_string()).collect();
    assert_eq!(faults, [""; 0]);
}
