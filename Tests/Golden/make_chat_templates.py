"""Writes chat-templates/cases.json: small templates of every feature, and what transformers makes of them."""

import datetime
import itertools

from transformers.utils import chat_template_utils

import golden

NOW = (2025, 7, 6, 9, 5, 3)
TOOLS = [{"type": "function", "function": {"name": "f", "description": "Does f", "parameters": {
    "type": "object", "properties": {"x": {"type": "integer"}, "a": {"type": "string"}}, "required": ["x"]}}}]
MESSAGES = [
    {"role": "system", "content": "Be kind."},
    {"role": "user", "content": " Hi\n there "},
    {"role": "assistant", "content": "Hello <b>'you'</b>", "tool_calls": [
        {"function": {"name": "f", "arguments": {"x": 1, "a": "é"}}}]},
    {"role": "tool", "content": "42", "name": "f"},
    {"role": "assistant", "content": "It is 42."},
]
VARIABLES = {
    "bos_token": "<s>", "eos_token": "</s>", "text": "The quick brown fox", "spaces": "  a b  ", "empty": "",
    "lines": "one\ntwo\n\nfour", "unicode": "naïve 日本 🤦🏽‍♂️ e\u0301 ß Σ", "html": "<a href=\"x\">&'</a>",
    "n": 7, "neg": -3, "zero": 0, "big": 123456789012345678901234567890, "pi": 3.14159, "half": 2.5, "tiny": 1e-7,
    "huge": 1e22, "yes": True, "no": False, "nothing": None, "list": [3, 1, 2], "words": ["b", "A", "c", "a"],
    "mixed": [1, "1", 1.0, True, None], "nested": [[1, 2], [3, [4, "x"]]], "emptylist": [], "emptydict": {},
    "dict": {"b": 1, "a": [1, {"c": None}], "items": 5, "é": "ü"}, "people": [
        {"name": "Ann", "age": 30, "city": {"name": "Oslo"}}, {"name": "bob", "age": 25, "city": {"name": "Rome"}},
        {"name": "Cy", "age": 30, "city": {"name": "oslo"}}, {"name": "dee"}],
}

LITERALS = r"""
1 | 0 | 1_000 | 0x_ff | 0b101 | 0o17 | 00 | 1.5 | 1e3 | 1.5e-7 | 2E+2 | 1_0.0_1 | 'a' | "b" | 'a' "b" 'c' | true | True | false
none | None | () | (1,) | (1, 2) | 1, 2 | [] | [1,] | {} | {'a': 1,} | {1: 2, 'b': [3]} | ([1, (2,)], {'k': (1, 2)})
'\n\t\\\'\"' | "\x41\u00e9\U0001F600" | '\q\é' | 'a\
b' | '\101\7' | [1, 2.0, 'x', none, true, (1,), {}] | -1 | +1 | - 1 | -(-1) | not true | not not 1 | 1.0 | 100000000000000000000.0
1e16 | 1e15 | 123456789.123456789 | 0.1 + 0.2 | 1e-5 | 0.0001 | 1/3 | 5e-324 | 1.7976931348623157e308 | -0.0
"""
ARITHMETIC = r"""
1 + 2 * 3 | (1 + 2) * 3 | 2 ** 3 ** 2 | -2 ** 2 | 7 // 2 | -7 // 2 | 7 // -2 | 7 % 3 | -7 % 3 | 7 % -3 | 7 / 2 | 6 / 2 | 2 ** -1
7.5 // 2 | -7.5 // 2 | 7.5 % 2 | -7.5 % 2 | 7.5 % -2 | 1 + true | 'a' + 'b' | 'a' ~ 1 ~ none ~ [1] | 'ab' * 3 | 3 * 'ab' | [1] * 2
[1] + [2] | (1,) + (2,) | 'a' * -1 | 2 ** 100 | big + 1 | big * big | big // 7 | big % 97 | -big // 1000 | -big % 1000 | big - big
10 ** 20 // 10 ** 18 | big / 10 | 1 - 2 - 3 | 2 * 3 % 4 | 10 - 2 ~ 3 | 1 ~ 2 + 3 | 1 / 0 | 1 // 0 | 1 % 0 | 1.0 / 0 | 'a' + 1
1 + 'a' | [] + '' | {} + {} | none + 1 | 'a' - 'b' | 'a' * 'b' | -'a' | +none | - true | undefd + 1 | 'a' + undefd | undefd * 2 | 0.0 ** -1
9223372036854775807 + 1 | -9223372036854775808 - 1 | 9223372036854775807 * 2 | 4611686018427387904 * 2 | (2 ** 64) // (2 ** 32)
(10 ** 40) // (10 ** 20 + 1) | (10 ** 40) % (10 ** 20 + 1) | (2 ** 200) // (2 ** 100 - 1) | 1e308 * 10 | -1e308 * 10
"""
COMPARISONS = r"""
1 < 2 | 1 < 2 < 3 | 1 < 3 < 2 | 1 == 1.0 | true == 1 | '1' == 1 | [1, 2] == [1, 2.0] | (1,) == [1] | {'a': 1} == {'a': 1.0}
{'a': 1, 'b': 2} == {'b': 2, 'a': 1} | none == none | undefd == undefd | undefd == none | 'a' < 'b' | 'B' < 'a' | [1, 2] < [1, 3]
[1] < [1, 2] | (1, 'a') < (1, 'b') | 1 < 'a' | none < 1 | [1] < (1,) | {} < {} | undefd < 1 | 1 != 2 | 'a' in 'abc' | '' in 'abc'
1 in [1, 2] | 1.0 in [1] | 'a' in {'a': 1} | 1 not in [2] | 'x' not in 'abc' | 1 in 'abc' | 1 in 5 | 1 in none | 'a' in undefd | [1] in {}
1 in (1, 2) | 5 in range(10) | 5.0 in range(10) | 'a' in range(3) | 1 < 2 == true | 1 in [1] in [[1]] | 'é' == 'e\u0301' | 'a' <= 'a' >= 'a'
big == big + 0.0 | big < 1e30 | 2 ** 53 + 1 == 2.0 ** 53 | 2 ** 53 + 1 > 2.0 ** 53 | true and 0 | 0 or '' | 1 and 2 or 3 | not 1 == 2
1 if true else 2 | 1 if false else 2 | 1 if false | (1 if false) is defined | 1 if no else 2 if no else 3 | 'x' if undefd else 'y'
('a' in words) and ('z' not in words) | not 'a' in 'b' | none is none and 1 | '日本' in unicode | range(3) == range(0, 3, 1) | dict.keys() == dict.keys()
"""
LOOKUPS = r"""
dict.b | dict['b'] | dict.items() | dict['items'] | dict.missing | dict['missing'] | dict.missing.x | dict.a[1].c | dict.é | list[0]
list[-1] | list[5] | list['x'] | list.x | list[1.0] | list[true] | text[0] | text[-1] | text[99] | text.x | text['upper']() | nested[1][1][1]
nested.0.1 | none.x | n.x | n[0] | undefd | undefd.x | undefd['x'] | undefd() | undefd[0:1] | messages[0].role | messages[-1]['content'] | messages[9].role
list[1:] | list[:-1] | list[::-1] | list[::2] | list[5:] | list[-100:100] | list[2:0:-1] | text[4:9] | text[::-1] | text[-3:] | unicode[::-1]
(1, 2, 3)[1:] | list['a':] | list[::0] | dict[1:2] | n[1:] | range(10)[2:5]|list | list[none:2] | list[:big] | list[-big:] | text[100:] | ''[0:5]
dict.__class__ | dict.__class__ is defined | text.__len__() | list.append(1) | dict.update({}) | list.append | dict.pop('a') | list.append is defined
'abc'.foo is defined | dict[[1]] | dict[(1,2)] | {1: 'x'}[1] | {1: 'x'}[true] | {1: 'x'}[1.0] | {none: 1}[none] | {(1, 2): 3}[(1, 2)] | list | attr('x')
dict|attr('items') is callable | dict|attr('b') is defined | n.real | half.is_integer() | n.bit_length() | range(5).stop | range(1, 10, 3)
{'a': 1, 'a': 2} | {1: 'a', 1.0: 'b', true: 'c'} | {[1]: 2} | list[1:][0] | messages[1:][0].role | people[1].city.name | people[3].city.name
"""
TESTS = r"""
n is defined | undefd is defined | undefd is undefined | n is not defined | nothing is none | n is none | yes is boolean | n is boolean | yes is true | no is false
n is true | 1 is true | n is integer | yes is integer | half is integer | half is float | n is number | yes is number | text is number | text is string | n is string
dict is mapping | list is mapping | list is sequence | text is sequence | dict is sequence | n is sequence | undefd is sequence | list is iterable | n is iterable
text is iterable | undefd is iterable | dict.items() is iterable | dict.items() is sequence | range(3) is sequence | (list|map('string')) is iterable | list is callable
range is callable | text.upper is callable | undefd is callable | 3 is odd | 4 is even | 9 is divisibleby 3 | 9 is divisibleby(2) | 'a' is lower | 'A' is upper
'Aa' is lower | '' is upper | n is eq 7 | n is equalto(7) | n is ne 7 | n is gt 3 | n is ge 7 | n is lt 3 | n is le 7 | n is greaterthan 3 | n is lessthan 3
n is == 7 | n is in [7] | n is not in [7] | 'x' is in 'xyz' | n is sameas n | true is sameas true | 'upper' is filter | 'nope' is filter | 'odd' is test | 'x' is escaped
'x'|e is escaped | n is nosuchtest | 'a' is odd | none is odd | 1 is defined(2) | n is defined and n is number or x | text is string and not n is string
n is divisibleby n + 0 | (n is number) ~ '' | 5 is odd is true | 2.0 is even | 3.0 is odd | big is odd | loop is defined | 'x' is string|upper | -3 is odd
"""
FILTERS = r"""
text|upper | text|lower | text|title | 'foo-bar (baz) <x'|title | text|capitalize | 'ÉCOLE'|capitalize | spaces|trim | 'xxaxx'|trim('x') | text|length | unicode|length | list|count
list|first | list|last | emptylist|first | emptylist|last | text|first | text|last | dict|first | dict|last | undefd|first | undefd|last | n|first | list|join | list|join(', ')
people|join(', ', attribute='name') | words|join(1) | undefd|join | list|sort | list|sort(reverse=true) | words|sort | words|sort(case_sensitive=true)
people|sort(attribute='name')|map(attribute='name')|list | people[:3]|sort(attribute='age,name')|map(attribute='name')|list | mixed|sort | people|sort(attribute='age')|list|length
people[:3]|sort(attribute='city.name')|map(attribute='city.name')|join(',') | list|reverse|list | text|reverse | undefd|reverse|list | n|reverse | dict|reverse|list
list|sum | people[:3]|sum(attribute='age') | list|sum(start=10) | nested|sum(start=[]) | words|sum | emptylist|sum | list|min | list|max | words|min | words|max | emptylist|max
words|max(case_sensitive=true) | people[:3]|max(attribute='age') | people[:3]|min(attribute='name') | mixed|max | words|unique|list | mixed|unique|list | people|unique(attribute='age')|map(attribute='name')|list
dict|dictsort | {'b': 1, 'A': 2, 'c': 0}|dictsort | {'b': 1, 'A': 2}|dictsort(true) | {'b': 1, 'A': 2}|dictsort(by='value') | {'b': 1, 'A': 2}|dictsort(reverse=true) | {'a': 1}|dictsort(by='x') | undefd|dictsort
n|default(1) | undefd|default(1) | undefd|default | empty|default('x') | empty|default('x', true) | nothing|default('x') | nothing|d('x', boolean=true) | dict.a.b|default('y') | undefd.x|default(1)
text|replace('quick', 'slow') | 'aaa'|replace('a', 'b', 2) | 'abc'|replace('', '-') | n|replace(7, 8) | text|truncate(9) | text|truncate(9, true) | text|truncate(11) | text|truncate(9, end='…', leeway=0)
lines|indent | lines|indent(2, true) | lines|indent(2, first=true, blank=true) | lines|indent('> ') | n|indent | ''|indent(first=true) | 'a\n'|indent | 'a\r\nb\u2028c'|indent
list|list | text[:3]|list | dict|list | dict|items|list | undefd|items|list | list|items|list | list|map('string')|list | list|map('default', 1)|list | people|map(attribute='name')|list
people|map(attribute='city.name')|list | people|map(attribute='city.name', default='?')|list | people|map(attribute='age', default=0)|list | words|map('upper')|join | words|map('replace', 'a', 'x')|list
nested|map('first')|list | nested|map(attribute=0)|list | list|map|list | list|map('nosuch')|list | emptylist|map('nosuch')|list | n|map('abs')|list | none|map('abs')|list
list|select('odd')|list | list|reject('odd')|list | mixed|select|list | mixed|reject|list | list|select('gt', 1)|list | list|select('in', [1, 2])|list | people|selectattr('age')|map(attribute='name')|list
people|selectattr('age', 'defined')|list|length | people|selectattr('age', 'equalto', 30)|map(attribute='name')|list | people|rejectattr('age', 'eq', 30)|map(attribute='name')|list | messages|selectattr('role', '==', 'tool')|list|length
people|selectattr('city.name', 'in', ['Rome'])|list | people|rejectattr('age')|list | list|selectattr|list | list|select('nosuch')|list | messages|selectattr('role', 'equalto', 'user')|first
people|groupby('age', default=0)|list | people[:3]|groupby('city.name') | (people[:3]|groupby('city.name'))[0].grouper | people[:3]|groupby('city.name', case_sensitive=true) | (people[:3]|groupby('age'))[1].list|length | people|groupby('age')
range(7)|batch(3)|list | range(7)|batch(3, 0)|list | range(7)|slice(3)|list | range(7)|slice(3, 'x')|list | list|slice(0)|list | emptylist|batch(2)|list | list|batch(0)|list
neg|abs | 'a'|abs | neg|float | '1.5'|float | 'x'|float | 'x'|float(2) | ' 1e3 '|float | 'inf'|float | '1_0'|float | '0x1p3'|float | nothing|float | undefd|float | '12'|int | '1.9'|int | 'x'|int | 'x'|int(5) | '0x1f'|int(base=16) | '0x1f'|int(0, 0)
'z'|int(base=36) | ' 7 '|int | '1_000'|int | '1__0'|int | half|int | -2.7|int | nothing|int | big|int | '١٢'|int | yes|int | list|int | 1e30|int | 'inf'|int(9) | 42.55|round | 42.55|round(1) | 2.5|round | 3.5|round | -2.5|round
42.55|round(1, 'floor') | 42.55|round(1, 'ceil') | 42|round | 1234|round(-2) | 1250|round(-2) | 1234.5|round(-2) | 2.675|round(2) | 1e22|round(2) | 'x'|round | 2.5|round(method='x') | 0.5|round|int | 1234567.891|round(2)
'%s-%s'|format(1, 'a') | '%(x)s'|format(x=3) | '%05.1f|%-5d|%+d|%x|%X|%o|%e|%g|%%|%c|%r'|format(3.14159, 42, 42, 255, 255, 8, 12345.678, 0.0001, 'c', 'q') | '%d'|format('x') | '%s'|format | '%s'|format(1, 2)
html|e | html|escape|escape | html|forceescape | html|e ~ '<' | html|e + '<' | '<' + ('<'|e) | html|safe | html|safe + '<' | (html|safe) ~ '<' | '<%s>'|safe|format('<') | ('<'|safe) * 2 | ('a<'|safe).upper() | ['<', '<'|safe]
('<'|safe).join(['<', 'b']) | ('a<b'|safe)|replace('a', '<') | ('<'|safe)|length | ('<'|safe) == '<' | ('<'|safe)|tojson | [('<'|safe)]|join('<') | ('<'|safe)[0] ~ '' | '<'|safe|string + '>' | '<'|e|lower + '>'
{'class': 'a b', 'x': none, 'y': '<', 'z': 1}|xmlattr | {'a b': 1}|xmlattr | {'a': 1}|xmlattr(false) | 13|filesizeformat | 13000|filesizeformat | 1|filesizeformat | 1048576|filesizeformat(true) | 'a b/c?é'|urlencode | {'a b': 'c&d', 'e': 1}|urlencode
'x'|wordcount | text|wordcount | "it's a-b c_d"|wordcount | 'x'|center(5) ~ '|' | 'xy'|center(5) ~ '|' | text|string|upper | 7|string + 'a' | none|string | none|upper | undefd|upper | undefd|trim | 1.50|string | true|lower
text|nosuch | text|upper(1) | text|replace('a') | text|replace(old='quick', new='slow') | list|join(d='-') | list|batch(linecount=2)|list | text|truncate(5, foo=1) | 'a,b'|attr('split') is callable
text|wordwrap(10) | text|wordwrap(3) | text|wordwrap(3, false) | lines|wordwrap(2) | 'Look, goof-ball -- use the -b option!'|wordwrap(8) | 'a--b hello-world-again x-y-z'|wordwrap(6) | 'a--b hello-world-again x-y-z'|wordwrap(6, break_on_hyphens=false) | 'one two three'|wordwrap(5, wrapstring='|') | 'aaaa-bbbb'|wordwrap(6) | '----abcd----'|wordwrap(3)
'  a   b  '|wordwrap(3) | ''|wordwrap(0) | 'a'|wordwrap(0) | n|wordwrap | undefd|wordwrap | 'naïve日本 e\u0301e\u0301 ß-Σ-ab'|wordwrap(4) | 'a\u00a0 b\u00a0c'|wordwrap(2) | '<b> & <i>'|wordwrap(3, wrapstring='<br>'|safe) | 'ab 12-34 5-ab ab-5 it\'s-so "x"-yz'|wordwrap(4) | 'a-b-c-def'|wordwrap(5) | 'supercalifragilistic'|wordwrap(7)
('lorem ipsum-dolor sit, ' * 9)|wordwrap(30) | ('lorem ipsum-dolor sit, ' * 9)|wordwrap
text|pprint | n|pprint | pi|pprint | undefd|pprint | dict|pprint | list|pprint | messages|pprint | tools|pprint | people|pprint | nested|pprint | {'b': 1, 'a': 2, 10: 3, 9: 4}|pprint | {'x' * 30: 'y' * 40, 'z': [1] * 40}|pprint | ('word ' * 30)|pprint | ['word ' * 30, 1]|pprint | {'k': 'word ' * 30}|pprint | ('a' * 100)|pprint | ('a\nb' * 40)|pprint | [('x' * 70,)]|pprint | ('x' * 50, 'y' * 50)|pprint
[html * 5]|pprint | [html|e]|pprint | range(3)|pprint | ['é' * 78]|pprint | ['é' * 76]|pprint | [['a' * 75]]|pprint | [{'a': ['b' * 80, {'c': 'd ' * 60}]}, ()]|pprint | []|pprint | {}|pprint | (1,)|pprint | dict.items()|pprint | [('it\'s ' * 30), ('say "x" it\'s ' * 12)]|pprint | [none, true, 1.5] * 12|pprint | ([none, true, 1.5] * 12)|pprint | people|groupby('age', default=0)|pprint
html|striptags | '<p>a <b>b</b>\n c</p>'|striptags | 'a < b'|striptags | 'a <!-- x > y --> b'|striptags | 'a <!-- x'|striptags | '&lt;b&gt; &amp;amp; &copy &copyx; &notit; &nosuch; &#65;&#x42;&#X43 &#0;&#13;&#128;&#x1F600; &#xD800; &#1;&#99999999999; &# &#x; & &&'|striptags | n|striptags | undefd|striptags | (html|e)|striptags | '<'|striptags | '><>'|striptags | 'a<b>c'|safe|striptags | '&CounterClockwiseContourIntegral;&NotEqualTilde;&acE;&fjlig;'|striptags
'&#xFFFE;&#x10FFFF;&#xFDD0;&#11;&#127;&#159;x'|striptags | '&ampamp; &AMP;&AMP&Amp;'|striptags | '\u00a0a\u2003b'|striptags
'see http://a.com/x?y=1&z, (www.b.org). or me@c.net!'|urlize | 'https://example.com:8080/a#b'|urlize | 'example.com foo.bar x.museum a.info b.c.mil'|urlize | 'http://localhost http://ab http://a http://10.0.0.1/x http://10.0.0'|urlize | 'http://[::1]/ http://[2001:db8:0:0:0:0:0:1]:80 http://[1:2:3:4:5:6:7:8:9] http://[x]'|urlize | 'mailto:a@b.c mailto:a x:a@b.c @a@b.co a@b a@b.c. <a@b.co>'|urlize
'http://a.com/(b) (http://a.com/(b)) http://a.com/((b <http://a.com> (www.x.org)'|urlize | 'HTTP://A.COM Https://a.com/'|urlize | 'http://example.com/long/path'|urlize(10) | 'http://example.com'|urlize(-3) | 'http://a.com'|urlize(nofollow=true) | 'http://a.com'|urlize(rel='z a', target='_blank') | 'http://a.com'|urlize(target='"') | 'tel:123 git://x tel:'|urlize(extra_schemes=['tel:', 'git://']) | 'x'|urlize(extra_schemes=['bad scheme'])
'http://xn--abc.com http://a.xn--p1ai/ http://a..b http://.com http://a.com:123456 http://a.com:80x http://日本.jp www.com www. http://a_b.c1'|urlize | n|urlize | undefd|urlize | (html|e)|urlize | 'a\n b\t http://x.io\n'|urlize | 'http://a.com, http://a.com... http://a.com?)'|urlize | '&lt;http://a.com&gt;'|safe|urlize | 'ab.com:80/x a.com abc.com?q'|urlize
'pprint' is filter | 'random' is filter | 'urlize' is filter
"""
JSON = r"""
dict|tojson | dict|tojson(indent=2) | nested|tojson(indent=1) | text|tojson | unicode|tojson | unicode|tojson(true) | unicode|tojson(ensure_ascii=true) | html|tojson | '"\\/\n\r\t\b\f\x01\x7f\u2028'|tojson | '\x7f'|tojson(true)
n|tojson | big|tojson | pi|tojson | tiny|tojson | huge|tojson | 1e16|tojson | -0.0|tojson | nothing|tojson | yes|tojson | mixed|tojson | emptylist|tojson(indent=2) | emptydict|tojson(indent=2) | [[], {}]|tojson(indent=2)
dict|tojson(separators=(',', ':')) | dict|tojson(separators=[', ', ' = '], indent=1) | {'b': 1, 'a': 2}|tojson(sort_keys=true) | {'b': 1, 2: 3}|tojson(sort_keys=true) | {1: 'a', 1.5: 'b', none: 'c', true: 'd'}|tojson
{(1, 2): 3}|tojson | (1, 2)|tojson | undefd|tojson | range(3)|tojson | dict.items()|tojson | list|map('string')|tojson | namespace(a=1)|tojson | [undefd]|tojson | 1e400|tojson | dict|tojson(indent='--') | dict|tojson(indent=0) | dict|tojson(indent=-1)
dict|tojson(indent=none) | dict|tojson(indent=true) | tools|tojson | tools[0].function|tojson(indent=4) | messages|tojson | dict|tojson(4) | dict|tojson(false, 2) | '😀'|tojson(ensure_ascii=true) | {'é': 1}|tojson(ensure_ascii=true) | dict|tojson|safe + '<'
"""
STRINGS = r"""
text.upper() | text.lower() | 'ΌΣΟΣ'.lower() | 'ß'.upper() | 'ŉ'.upper() | 'İ'.lower() | 'ﬁ'.title() | 'ß'.casefold() | "they're bill's".title() | 'hello world'.capitalize() | 'ǆ'.capitalize() | 'aBc'.swapcase()
spaces.strip() ~ '|' | spaces.lstrip() ~ '|' | spaces.rstrip() ~ '|' | 'xxabcxx'.strip('x') | 'abcabc'.rstrip('bc') | '\u00a0\u3000 a\x1c'.strip() | text.strip(none) | 'a,b,,c'.split(',') | 'a,b,,c'.split(',', 1) | 'a,b,,c'.rsplit(',', 1)
'  a  b  '.split() | '  a  b c '.split(none, 1) | '  a  b c '.rsplit(none, 1) | 'a'.split('x') | ''.split(',') | ''.split() | 'abc'.split('') | 'a--b--c'.split('--')[-1] | 'a,b'.split(sep=',', maxsplit=-1) | 'aXbX'.split('X')
lines.splitlines() | 'a\r\nb\rc\x0bd\x85e\u2029f'.splitlines() | 'a\nb\n'.splitlines(true) | 'a\n'.splitlines(keepends=true) | 'abc'.partition('b') | 'abc'.partition('x') | 'abcbd'.rpartition('b') | 'abc'.rpartition('x')
text.startswith('The') | text.startswith(('x', 'The')) | text.endswith('fox') | text.startswith('quick', 4) | text.endswith('quick', 0, 9) | text.startswith('') | text.startswith(1) | text.startswith(['a'])
text.find('q') | text.find('zzz') | text.rfind('o') | text.index('z') | text.index('q') | text.rindex('o') | 'aaa'.count('a') | 'aaa'.count('aa') | 'aaa'.count('') | 'abcabc'.find('c', 3) | 'abcabc'.count('a', 1) | '日本日'.rfind('日') | ''.find('', 1)
'abc'.replace('b', 'x') | 'aaa'.replace('a', 'b', 1) | 'abc'.replace('', '-') | 'abc'.replace('', '-', 2) | 'a'.replace('a', none) | 'abc'.removeprefix('a') | 'abc'.removesuffix('c') | 'abc'.removeprefix('x')
','.join(['a', 'b']) | ','.join(words) | ','.join(list) | ''.join([]) | '-'.join('abc') | ', '.join(dict) | ','.join(undefd) | 'a'.join(n) | 'abc'.center(7, '*') | 'abc'.center(6) ~ '|' | 'abc'.ljust(5, '.') | 'abc'.rjust(5) | '7'.zfill(3) | '-7'.zfill(4) | 'abc'.zfill(2)
'a\tb'.expandtabs(4) | 'abc\tb\n\tc'.expandtabs() | 'abc'.isalpha() | 'ab1'.isalnum() | '12'.isdigit() | '²'.isdigit() | '²'.isdecimal() | '½'.isnumeric() | '一'.isnumeric() | '一'.isalpha() | ' '.isspace() | ''.isspace() | 'Ab'.istitle() | 'AB'.isupper() | 'a1'.islower() | 'a_b'.isidentifier() | '1a'.isidentifier() | 'é'.isascii() | 'a\n'.isprintable()
'{} {}'.format(1, 'a') | '{1} {0}'.format(1, 2) | '{x} {x!r}'.format(x='q') | '{:>5}|{:<5}|{:^5}|{:*^7}'.format('a', 'b', 'c', 'd') | '{:05d} {:+d} {:,} {:_} {:x} {:#x} {:b} {:o} {:X} {:e} {:.2f} {:.3g} {:%} {:c}'.format(42, 7, 1234567, 1234567, 255, 255, 5, 8, 255, 12345.678, 3.14159, 0.00001234, 0.256, 65)
'{0.role} {0[content]}'.format(messages[0]) | '{a[0]}'.format(a=list) | '{:{w}}|'.format('x', w=4) | '{{}} {}'.format(1) | '{'.format() | '}'.format() | '{} {0}'.format(1) | '{}'.format() | '{x}'.format() | '{:d}'.format('x') | '{:s}'.format(1) | '{:.2}'.format('abc') | '{!s:>4}'.format(1)
'{:5}|{:<5}|{:=+5}|{:^ 5}'.format(1, 2, 3, 4) | '{:.1}|{:.3}|{:5.2}|{:g}|{:G}|{:n}'.format(1.0, 1234.5, 3.14159, 1e20, 1e-10, 5) | '{}'.format([1, 'a']) | '{:>9}'.format([1]) | '{:,.2f}'.format(1234567.891) | '{:010.3f}'.format(-3.14159) | '{0!a}'.format('é') | '{:.0f} {:.0f} {:.0f}'.format(0.5, 1.5, 2.5) | '{a.b}'.format(a={'b': 1}) | '{}'.format_map({'x': 1}) | '{x}'.format_map({'x': 1})
'%s' % 'a' | '%s %s' % (1, 2) | '%s' % [1] | '%d%%' % 5 | '%5.2f|' % pi | '%(a)s %(b)05d' % {'a': 1, 'b': 2} | '%s' % none | '%s' % undefd | '%d' % 3.9 | '%i %u' % (1, 2) | '%x' % -255 | '%#x %#o' % (255, 8) | '%e' % 0 | '%g %g %g' % (100000, 1000000, 1e-5) | '%.3s|' % 'abcdef' | '%-6s|%6s|' % ('a', 'b') | '%*d' % (5, 42) | '%r' % 'it\'s' | '%a' % 'é' | '%c' % 65 | '%.10g' % pi | '%+.2e' % -12345.678 | '%s' | 'a' % 1 | '%s %s' % 1 | '%d' % 'x' | '%z' % 1 | '%' % 1 | '%05s|' % 'a' | '% d' % 5 | '%.0f' % 0.5 | '%5d|%-5d|%05d' % (-42, -42, -42) | '%x' % 1.5 | '%.3d' % 7 | '%s' % (1, 2)
text.translate({84: 'X', 104: none, 101: 69}) | text.translate({}) | 'abc'.translate('xyz') | 'abc'.translate({97: 1.5}) | 'abc'.translate({97: 9999999}) | 'abc'.translate(1) | 'ab'.translate(['x'] * 98) | text.translate(text.maketrans('abco', 'xyzé', 'T')) | 'x'.maketrans({'a': 1, 98: none}) | 'x'.maketrans('ab', 'c') | 'x'.maketrans({'ab': 1}) | 'x'.maketrans({1.5: 1}) | 'x'.maketrans([]) | 'x'.maketrans('aa', 'bc')
text.nosuch() | text.upper | text() | 'abc'.upper(1) | 'a b'.split(maxsplit=0) | 'x'.join(nosuch=1) | 'abc' 'def'.upper() | ('abc' ~ 1).upper() | ['it\'s', 'say "hi"', 'both \' "', '\n\t\x00\x7f\u00a0\u200b\ue000\U0001F600\\é']
"""
BYTES = r"""
text.encode() | unicode.encode() | unicode.encode('utf-8')|length | 'a\n\t\\\x00\x7f'.encode() | "it's".encode() | '"\''.encode()
''.encode() | 'x' if ''.encode() else 'y' | 'é'.encode('latin-1') | 'é'.encode(encoding='Latin_1') | 'é'.encode('ascii') | '日'.encode('latin-1')
'é日'.encode('ascii', 'ignore') | 'é日'.encode('ascii', 'replace') | 'é日🙂'.encode('ascii', errors='backslashreplace') | 'é日'.encode('ascii', 'xmlcharrefreplace')
'é'.encode('ascii', 'magic') | 'é'.encode('utf-99') | 'é'.encode(3) | unicode.encode().decode() | unicode.encode().decode('utf-8') == unicode
'é'.encode().decode('latin-1') | 'é'.encode().decode('ascii') | 'é'.encode('latin-1').decode() | 'aéb'.encode('latin-1').decode('utf-8', 'replace')
'日本'.encode()[:4].decode('utf-8', 'ignore') | '日本'.encode()[:5].decode('utf-8', 'replace') | '🙂'.encode()[1:].decode(errors='backslashreplace')
'é'.encode()[0] | 'é'.encode()[-1] | 'abc'.encode()[1:] | 'abc'.encode()[::-1] | 'abc'.encode()[9] | 'abc'.encode()|list | 'abc'.encode()|sum | 'é'.encode().hex()
'ab'.encode() == 'ab'.encode() | 'ab'.encode() == 'ab' | 'a'.encode() < 'b'.encode() | 'a'.encode() <= 'a'.encode() | 'a'.encode() < 'a' | 98 in 'abc'.encode()
'bc'.encode() in 'abc'.encode() | 'b' in 'abc'.encode() | 300 in 'abc'.encode() | {'a'.encode(): 1} | {'a'.encode(): 1}['a'.encode()] | 'a'.encode() is string
'a'.encode() is sequence | 'a'.encode() is iterable | 'a'.encode() is mapping | [text.encode()] | text.encode()|tojson | text.encode().foo | text.encode() ~ 'x' | html.encode()|upper
"""
CALLS = r"""
n.bit_count() | big.bit_count() | yes.bit_count() | neg.bit_count() | n.as_integer_ratio() | half.as_integer_ratio() | 0.1.as_integer_ratio() | (-0.1).as_integer_ratio() | 0.0.as_integer_ratio() | 1e300.as_integer_ratio() | 5e-324.as_integer_ratio() | 1e-310.as_integer_ratio() | (half * 1e308 * 10).as_integer_ratio() | true.as_integer_ratio() | half.hex() | pi.hex() | 0.0.hex() | (-0.0).hex() | 5e-324.hex() | 1e-310.hex() | 1e300.hex() | (half * 1e308 * 10).hex() | (neg * 1e308 * 10).hex() | (half * 1e308 * 10 - half * 1e308 * 10).hex() | 1.0.hex() | (-3.0).hex() | 3.0.is_integer() | 4503599627370496.0.as_integer_ratio() | 9007199254740994.0.as_integer_ratio()
range(3)|list | range(1, 4)|list | range(5, 0, -2)|list | range(0)|list | range(100001) | range(1, 2, 0) | range('a') | range(3) | range(true)|list | range(10)[3] | range(10)|length | range(10)|last | dict(a=1, b='x') | dict([('a', 1), ('b', 2)]) | dict({'a': 1}, a=2, c=3)
dict([(1, 2, 3)]) | dict(**{'a': 1}) | dict.fromkeys(['a', 'b'], 0) | dict() | namespace(a=1).a | namespace({'a': 1}, b=2).b | namespace(a=1) | namespace(a=1).b | namespace(_a=1) | namespace().items | cycler(1, 2).next() | cycler().next() | joiner()() | joiner is callable
strftime_now('%Y-%m-%d %H:%M:%S') | strftime_now('%d %b %Y, %A %B %a %I %p %j %y %e %-d %-m %-I %U %W %w %u %V %G %C %D %F %T %R %r %c %x %X %% %Z%z') | strftime_now('%f') | strftime_now('%q') | strftime_now() | strftime_now('日 %Y') | raise_exception('stop') | raise_exception('a' ~ 1) | raise_exception()
dict.get('b') | dict.get('zz') | dict.get('zz', 5) | dict.get('zz', default=5) | dict.keys()|list | dict.values()|list | dict.items()|list | dict.keys() | dict.items()|length | dict.copy() == dict | dict.keys()[0] | dict.get() | dict.get([1]) | list.index(2) | list.index(9) | list.count(1) | list.copy() | (1, 2, 1).count(1) | (1, 2).index(2)
text.replace(*['quick', 'slow']) | '{a}'.format(**{'a': 1}) | range(*[1, 3])|list | dict(**1) | text.split(*n) | dict(a=1, a=2) | dict(**{'a': 1}, **{'b': 2}) | text.split(',',) | (range)(2)|list | [range][0](2)|list | n() | none() | (text|upper)[0:3] | text|upper[0]
"""

STATEMENTS = [
    # text and white space
    "plain text", "", "\n", "a\n", "a\n\n", "a\r\nb\rc", "  {% if yes %}  x  {% endif %}  y", "{% if yes %}\n  x\n{% endif %}\ny",
    "  {%+ if yes %}  x{% endif %}", "a  {%- if yes -%}  x  {%- endif -%}  b", "a\n  {{- n -}}  \n b", "{{ n }}\n{{ n }}",
    "{% if yes +%}\nx{% endif +%}\ny", "{#- c -#}  a", "a {# b\nc #}\nd", "  {# c #}\n  e", "a {#- c #} b", "a{##}b", "{#+ c +#}\nx",
    "{% raw %}{{ x }}{% y %}{% endraw %}", "a  {%- raw -%}  {{ x }}  {%- endraw -%}  b", "{% raw %}\n x {# y #}\n{% endraw %}\nz", "  {% raw %} x {% endraw %} y",
    "{{ '}}' }} {{ '%}' }}", "{{ {'a': {'b': 1}} }}", "{{'{'}}{{'}'}}", "\u00a0{%- if yes %}x{% endif -%}\u3000y", "x\t{% if yes %}y{% endif %}", "{%if yes%}a{%endif%}",
    "{{n}}{{-n}}{{+n}}", "{{- n -}}", "a\n\n{%- if yes %}\n\nb{% endif %}\n\n", "{% print n, text %}", "}} %} #}", "{ { n } }", "{% set x = 1 %}\n{% set y = 2 %}\n{{ x }}{{ y }}\n",
    "{% if yes %}\r\nwin\r\n{% endif %}\r\n", "{{ \"a\r\nb\" }}", "line {{ n }} {% if n %}yes{% else %}no{% endif %}\n", "{% if yes %}{% endif %}\n\n\nend", "a\v{%- if yes %}b{% endif %}",
    # if
    "{% if no %}a{% elif n == 7 %}b{% else %}c{% endif %}", "{% if no %}a{% elif no %}b{% else %}c{% endif %}", "{% if undefd %}a{% endif %}", "{% if yes: %}a{% endif %}",
    "{% if no %}{{ x|nosuch }}{% endif %}ok", "{% if yes %}{{ x|nosuch }}{% endif %}", "{% if no %}{% for a in b %}{{ x|nosuch }}{% endfor %}{% endif %}", "{{ x|nosuch if no else 'ok' }}", "{% if 1, 2 %}t{% endif %}",
    # for
    "{% for x in list %}{{ x }}{% endfor %}", "{% for x in list %}{{ loop.index }}/{{ loop.length }}{{ ',' if not loop.last }}{% endfor %}",
    "{% for x in list %}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.depth }}{{ loop.depth0 }} {% endfor %}",
    "{% for x in list %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }} {% endfor %}", "{% for x in list %}{{ loop.previtem is defined }}{{ loop.nextitem is defined }} {% endfor %}",
    "{% for x in list %}{{ loop.cycle('a', 'b') }}{% endfor %}", "{% for x in [1, 1, 2, 2, 1] %}{{ loop.changed(x) }} {% endfor %}", "{% for x in list %}{{ loop.nosuch }}{% endfor %}", "{% for x in list %}{{ loop }} {% endfor %}",
    "{% for x in emptylist %}a{% else %}none{% endfor %}", "{% for x in list %}a{% else %}none{% endfor %}", "{% for x in undefd %}a{% else %}none{% endfor %}", "{% for x in n %}a{% endfor %}", "{% for x in none %}a{% endfor %}",
    "{% for k, v in dict.items() %}{{ k }}={{ v }};{% endfor %}", "{% for k in dict %}{{ k }};{% endfor %}", "{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}", "{% for a, b in [[1]] %}{% endfor %}",
    "{% for a, b in [[1, 2, 3]] %}{% endfor %}", "{% for a, b in [1] %}{% endfor %}", "{% for a, b in ['xy'] %}{{ a }}-{{ b }}{% endfor %}", "{% for c in unicode %}[{{ c }}]{% endfor %}", "{% for x in range(3) %}{% for y in range(x) %}{{ x }}{{ y }}{{ loop.index }} {% endfor %}{% endfor %}",
    "{% for x in list if x > 1 %}{{ x }}{{ loop.index }}{{ loop.last }}{{ loop.length }} {% endfor %}", "{% for x in list if x > 9 %}{{ x }}{% else %}none{% endfor %}", "{% for k, v in dict.items() if v is number %}{{ k }}{% endfor %}",
    "{% for m in messages if m.role == 'user' or (m.role == 'assistant' and loop is defined) %}{{ m.role }}{% endfor %}", "{% for x in list %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}", "{% for x in list %}{% if x == 1 %}{% break %}{% endif %}{{ x }}{% endfor %}",
    "{% for x in list %}{% continue %}{% else %}else{% endfor %}", "{% for x in list %}{% break %}{% else %}else{% endfor %}", "{% for x in list %}{% if loop.index == 2 %}{% break %}{% endif %}{% else %}else{% endfor %}", "{% break %}", "{% for x in list %}{% else %}{% break %}{% endfor %}",
    "{% for x in list %}{% for y in list %}{% else %}{% break %}{% endfor %}{{ x }}{% endfor %}", "{% for x in list %}{% set y = x %}{% endfor %}{{ y }}", "{% set y = 0 %}{% for x in list %}{{ y }}{% set y = y + x %}{{ y }} {% endfor %}{{ y }}", "{% for loop in list %}{% endfor %}", "{% for x in list %}{% set loop = 1 %}{% endfor %}",
    "{% for x in nested recursive %}{% if x is sequence and x is not string %}[{{ loop(x) }}]{% else %}{{ x }}@{{ loop.depth }}{% endif %}{% endfor %}", "{% for x in nested recursive %}{{ loop.index }}{% else %}e{% endfor %}", "{% for x in list %}{{ loop(x) }}{% endfor %}",
    "{% for x in [[1], []] recursive %}{{ loop(x) if x is sequence else x }}{% else %}empty{% endfor %}", "{% for x in list %}{{ x }}{% set x = 9 %}{{ x }}{% endfor %}", "{{ x }}{% for x in list %}{% endfor %}{{ x }}", "{% set x = 1 %}{% for x in list %}{{ x }}{% endfor %}{{ x }}",
    "{% for x in list|map('string') %}{{ x }}{{ loop.length }}{{ loop.last }} {% endfor %}", "{% for x in list|select('odd') %}{{ loop.index }}/{{ loop.revindex }} {% endfor %}", "{% for i in range(3) %}{% for j in range(2) %}{{ loop.index }}{% if j == 0 %}{% continue %}{% endif %}x{% endfor %}{{ loop.index }};{% endfor %}",
    "{% for x in list, 5 %}{{ x }};{% endfor %}", "{% for x in 1, 2, 3 %}{{ x }}{% endfor %}", "{% for x in (list if yes else []) %}{{ x }}{% endfor %}", "{% for m in messages %}{{ loop.index0 }}{{ messages[loop.index0 - 1].role }} {% endfor %}", "{% for x in dict.items %}{% endfor %}",
    "{% for m in messages[::-1] %}{{ (messages|length - 1) - loop.index0 }}{{ m.role }} {% endfor %}",
    # set and scopes
    "{% set a = 1 %}{{ a }}", "{% set a, b = 1, 2 %}{{ a }}{{ b }}", "{% set a, b = [1] %}", "{% set (a, b) = (1, 2) %}{{ a }}{{ b }}", "{% set a %}x{{ n }}y{% endset %}[{{ a }}]", "{% set a | upper %}x{{ n }}y{% endset %}[{{ a }}]",
    "{% set n = n + 1 %}{{ n }}", "{% if yes %}{% set a = 1 %}{% endif %}{{ a }}", "{% if no %}{% set n = 1 %}{% endif %}{{ n }}", "{% if no %}{% set a = 1 %}{% endif %}[{{ a }}]", "{% set ns = namespace(x=0) %}{% for i in list %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}",
    "{% set ns = namespace() %}{% set ns.a = 1 %}{% set ns.b = ns.a + 1 %}{{ ns.a }}{{ ns.b }}{{ ns.c }}", "{% set dict.x = 1 %}", "{% set undefd.x = 1 %}", "{% set ns = namespace(a=1) %}{% set ns.a, ns.b = 2, 3 %}{{ ns }}", "{% set ns = namespace() %}{% set ns._x = 1 %}", "{% set ns = namespace() %}{% set ns.items = 5 %}{{ ns.items }}",
    "{% set ns = namespace(l=[]) %}{% for i in range(3) %}{% set ns.l = ns.l + [i] %}{% endfor %}{{ ns.l }}{{ ns['l'] }}", "{% set true = 1 %}", "{% set 1 = 2 %}", "{% set a.b.c = 1 %}", "{% set [a] = [1] %}", "{% set messages = messages[1:] %}{{ messages[0].role }}",
    "{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a }}", "{% with %}{% set a = 1 %}{{ a }}{% endwith %}{{ a }}", "{% with n = 1, b = n %}{{ n }}{{ b }}{% endwith %}{{ n }}", "{% set a = 1 %}{% with %}{% set a = 2 %}{{ a }}{% endwith %}{{ a }}",
    "{% filter upper %}a{{ text }}b{% endfilter %}", "{% filter replace('a', 'b')|upper %}aaa{% endfilter %}", "{% filter indent(2) %}a\nb{% endfilter %}", "{% filter trim %}  {% set q = 1 %}x{{ q }}  {% endfilter %}{{ q }}", "{% for x in list %}{% set z %}{% break %}{% endset %}{% endfor %}ok",
    "{% macro f() %}{{ n }}{{ add }}{% endmacro %}{{ f() }}{% set add = 1 %}{{ f() }}", "{% macro f() %}{{ n }}{% endmacro %}{{ f() }}{% set n = 1 %}{{ f() }}", "{{ n }}{% macro f() %}{{ n }}{% endmacro %}{{ f() }}{% set n = 1 %}{{ f() }}",
    "{% for x in list %}{{ n }}{% endfor %}{% set n = 1 %}", "{{ n }}{% for x in list %}{{ n }}{% endfor %}{% set n = 1 %}", "{% for x in list %}{% if no %}{% set n = 1 %}{% endif %}{{ n }}{% endfor %}", "{% if yes %}{% for x in list %}{{ n }}{% endfor %}{% set n = 2 %}{% endif %}{{ n }}",
    "{% set a = 1 %}{% if no %}{% set a = 2 %}{% elif yes %}{% set a = 3 %}{% endif %}{{ a }}", "{% for x in list %}{% with y = x %}{% for z in [y] %}{% set y = z * 2 %}{{ y }}{% endfor %}{{ y }} {% endwith %}{% endfor %}", "{% set _x = 1 %}{{ _x }}",
    # macros
    "{% macro f(a, b=2) %}{{ a }}-{{ b }}{% endmacro %}{{ f(1) }} {{ f(1, 3) }} {{ f(b=1, a=2) }} {{ f() }}", "{% macro f(a) %}{% endmacro %}{{ f(1, 2) }}", "{% macro f(a) %}{% endmacro %}{{ f(b=2) }}", "{% macro f(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ f(1) }}", "{% macro f(a=1, b) %}{% endmacro %}",
    "{% macro f() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1, 2, x=3) }}", "{% macro f(a) %}{{ a }}{{ varargs|join }}{% endmacro %}{{ f(1, 2, 3) }}", "{% macro f() %}<{{ caller() }}>{% endmacro %}{% call f() %}body{{ n }}{% endcall %}", "{% macro f() %}{{ caller(1, 2) }}{% endmacro %}{% call(a, b=5) f() %}{{ a }}{{ b }}{% endcall %}",
    "{% macro f() %}{{ caller() }}{% endmacro %}{{ f() }}", "{% macro f() %}x{% endmacro %}{% call f() %}y{% endcall %}", "{% macro f(caller=none) %}{{ caller }}{% endmacro %}{{ f() }}", "{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(5) }}", "{% macro f() %}{% set inner = 1 %}{{ inner }}{% endmacro %}{{ f() }}{{ inner }}",
    "{% macro f() %}{{ loop is defined }}{% endmacro %}{% for x in list %}{{ f() }}{% endfor %}", "{% for x in list %}{% macro f() %}{{ x }}{{ loop.index }}{% endmacro %}{{ f() }} {% endfor %}", "{% macro outer() %}{% macro inner() %}{{ n }}i{% endmacro %}{{ inner() }}{% endmacro %}{{ outer() }}", "{{ f is defined }}{% macro f() %}{% endmacro %}{{ f is defined }}{{ f is callable }}",
    "{% macro f(x) %}{{ x }}{% endmacro %}{{ f('<')|upper }}{{ f(f(1)) }}{{ f.name }}{{ f.arguments }}", "{% macro f(x) -%}\n  {{ x }}\n{%- endmacro %}\n{{ f(1) }}\n", "{% macro f(a, b) %}{{ a }}{{ b is defined }}{% endmacro %}{{ f(1) }}", "{{ f() }}{% macro f() %}{% endmacro %}", "{% macro f(x) %}{{ x.y.z }}{% endmacro %}{{ f(1) }}",
    "{% macro f() %}{% for x in [1, 2] %}{{ caller(x) }}{% endfor %}{% endmacro %}{% call(i) f() %}{{ i }}{{ n }};{% endcall %}", "{% macro a() %}{{ caller() }}{% endmacro %}{% macro b() %}{% call a() %}({{ caller() }}){% endcall %}{% endmacro %}{% call b() %}x{% endcall %}", "{% macro f(d) %}{% for k, v in d.items() %}{{ k }}{{ f(v) if v is mapping else v }}{% endfor %}{% endmacro %}{{ f({'a': {'b': {'c': 1}}}) }}",
    "{% macro f() %}{% break %}{% endmacro %}", "{% for x in list %}{% call f() %}{% break %}{% endcall %}{% endfor %}", "{% macro f(x) %}{% if x %}a{% else %}b{% endif %}{% endmacro %}{{ f() }}{{ f(true) }}", "{% macro f(self) %}{{ self }}{% endmacro %}{{ f(1) }}",
    # iterators are read once
    "{% set x = list|map('string') %}{{ x|list }}{{ x|list }}", "{% set x = list|select('odd') %}{{ x|first }}{{ x|list }}", "{% if list|select('gt', 9) %}true{% else %}false{% endif %}", "{% if list|select('gt', 9)|list %}true{% else %}false{% endif %}", "{{ list|map('string')|length }}", "{{ (list|map('string'))[0] }}", "{{ list|map('string')|last }}", "{{ list|reverse|first }}{{ list|reverse|length }}", "{% set r = list|reverse %}{{ r|list }}{{ r|list }}", "{% set g = list|map('nosuch') %}ok", "{% set x = list|map('string') %}{{ '1' in x }}{{ x|list }}", "{{ list|map('string')|reverse|list }}",
    # other helpers
    "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{% set _ = c.reset() %}{{ c.next() }}", "{% set j = joiner('|') %}{% for x in list %}{{ j() }}{{ x }}{% endfor %}", "{% autoescape true %}{{ html }}{{ html|safe }}{{ '<' ~ html|e }}{% endautoescape %}{{ html }}", "{% autoescape false %}{{ html }}{% endautoescape %}",
    "{% autoescape true %}{% set x %}<{{ html }}{% endset %}{{ x }}{% macro f() %}<{{ '<' }}{% endmacro %}{{ f() }}{% endautoescape %}",
    # generation
    "{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{% endgeneration %}{% else %}{{ m.content }}{% endif %}{% endfor %}", "{% for m in messages %}<|{{ m.role }}|>{% if m.role == 'assistant' %}\n{%- generation -%}\n {{ m.content }}é</s>\n{%- endgeneration -%}\n{% else %}日{{ m.content }}{% endif %}{% endfor %}",
    "a{% generation %}{% endgeneration %}b{% generation %}c{% generation %}d{% endgeneration %}{% endgeneration %}", "x{% set y %}abc{% generation %}z{% endgeneration %}{% endset %}{{ y }}", "{% generation %}{% set a = 1 %}{{ a }}{{ n }}{% endgeneration %}{{ a }}", "{% for m in messages %}{% generation %}{% if m.role == 'user' %}{% continue %}{% endif %}{% endgeneration %}{% endfor %}",
    "{% macro f() %}{% generation %}m{% endgeneration %}{% endmacro %}abc{{ f() }}", "{% generation %}a", "{% generation x %}{% endgeneration %}", "{% for m in messages %}{% generation %}{{ loop.index }}{% endgeneration %}{% endfor %}", "{% set ns = namespace(x=0) %}{% generation %}{% set ns.x = 1 %}{% endgeneration %}{{ ns.x }}",
    # errors in the source
    "{% if %}{% endif %}", "{% if yes %}", "{% endif %}", "{% for x in list %}{% endif %}", "{% nosuch %}", "{{ }}", "{{ 1 + }}", "{{ (1 }}", "{{ 1) }}", "{{ [1 }}", "{{ a b }}", "{{ 'a }}", "{# a", "{% raw %}a", "{{ a | }}", "{{ a. }}", "{{ a['x' }}", "{{ a is }}", "{% set %}", "{% set x = %}", "{% for %}{% endfor %}", "{% for x list %}{% endfor %}",
    "{% macro %}{% endmacro %}", "{% macro f %}{% endmacro %}", "{% call n %}{% endcall %}", "{{ n", "{% if yes", "{{ a ? b }}", "{{ a & b }}", "{{ f(a=1, 2) }}", "{{ f(*a, *b) }}", "{{ f(**a, b=1) }}", "{{ 1 is 2 }}", "{{ n is string is number }}", "{% else %}", "{% elif yes %}", "{{ a.1b }}", "{{ {1} }}", "{% set x = 1 %}{% endset %}", "{% if yes %}{% else %}{% else %}{% endif %}", "{{ '\\x4' }}", "{% %}", "{%", "{{", "{#",
    "{% include 'x' %}", "{% if no %}{% include 'x' %}{% endif %}ok", "{{ text|upper|nosuch }}", "{{ n is nosuch }}", "line one\nline two {{ undefd.x }}\n", "{% if yes %}\n{{ 1/0 }}{% endif %}", "{{ a[1:2, 3] }}", "{{ a[] }}", "{{ not }}", "{{ lambda }}", "{{ n if }}", "{{ n if yes else }}", "{{ x for x in y }}", "{{ 'a' if yes else 'b' if no }}", "{{ 012 }}", "{{ 1.e5 }}", "{{ .5 }}", "{{ 5. }}",
    # the usual shapes
    "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must alternate!') }}{% endif %}{% endfor %}",
    "{%- if messages[0].role == 'system' %}{%- set loop_messages = messages[1:] %}{%- else %}{%- set loop_messages = messages %}{%- endif %}{%- for message in loop_messages %}{{- '<|' + message.role + '|>' + message.content | trim + eos_token }}{%- endfor %}{%- if add_generation_prompt %}{{ '<|assistant|>' }}{%- endif %}",
    "{%- for tool in tools %}{{- tool | tojson(indent=4) }}{%- endfor %}", "{%- if tools is defined and tools is not none and tools|length > 0 %}T{% endif %}{% if documents %}D{% endif %}{{ documents is none }}", "{%- for m in messages if m.tool_calls is defined %}{% for c in m.tool_calls %}{{ c.function.name }}({{ c.function.arguments|tojson }}){% endfor %}{% endfor %}",
    "{{ messages|map(attribute='role')|join(',') }}", "{%- set ns = namespace(found=false) %}{%- for m in messages %}{%- if m.role == 'system' and not ns.found %}{% set ns.found = true %}S{% endif %}{% endfor %}{{ ns.found }}", "{{ strftime_now('%d %b %Y') if strftime_now is defined else 'x' }}", "{{ messages[-1].content.split('</think>')[-1].lstrip('\\n') }}", "{{ dict }}{{ messages[2] }}",
]

CONVERSATIONS = [
    {"template": "{{ messages|tojson }}", "messages": [{"role": "user", "content": None, "x": None, "y": {"z": None}}]},
    {"template": "{{ messages|tojson }}", "messages": [{"role": "a", "reasoning": "r", "content": "c"}, {"role": "a", "content": "c", "thinking": "t", "reasoning_content": "u"}]},
    {"template": "{{ messages|tojson }}", "messages": [{"thinking": None, "reasoning": 5, "reasoning_content": None}]},
    {"template": "{{ messages|length }}", "messages": []},
    {"template": "{{ tools }}{{ documents }}{{ add_generation_prompt }}", "tools": [], "documents": []},
    {"template": "{{ add_generation_prompt }}", "add_generation_prompt": True},
    {"template": "{{ tools }}", "tools": [1]},
    {"template": "{{ documents }}", "documents": ["x"]},
    {"template": "{{ documents|map(attribute='title')|join }}", "documents": [{"title": "A"}, {"title": "B"}]},
    *({"template": template, "messages": [{"role": "user", "content": "q"}, {"role": "assistant", **final}], "continue": key}
      for template, final, key in itertools.product(
          ["{% for m in messages %}<{{ m.content }}>{% endfor %}</s>", "{% for m in messages %}<{{ m.content|trim }}>{% endfor %}</s>",
           "{% for m in messages %}<{{ m.reasoning_content }}{{ m.content[0].text }}>{% endfor %}", "{% for m in messages %}{{ m.role }}{% endfor %}content",
           "{{ messages[-1].thinking }}|{{ messages[-1].content }}"],
          [{"content": "Sure, "}, {"content": ""}, {"content": [{"type": "text", "text": "a "}, {"type": "image"}]}, {"content": [{"type": "image"}]},
           {"reasoning": "hm ", "content": "c"}, {"content": None}, {"content": 5}],
          ["content", "reasoning_content", "thinking", "nosuch"])),
]


class FixedClock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(*NOW)


def render(case):
    """What `apply_chat_template` does before it tokenizes, with the ranges of generation blocks."""
    options = {"tools": case.get("tools", TOOLS), "documents": case.get("documents"),
               "add_generation_prompt": case.get("add_generation_prompt", False), **VARIABLES}
    messages = [{k: v for k, v in m.items() if v is not None} for m in case.get("messages", MESSAGES)]
    if not messages:
        return {"error": "Cannot apply chat template to an empty conversation. Provide at least one message."}
    marks = "continue" not in case
    try:
        texts, ranges = chat_template_utils.render_jinja_template(
            [messages], chat_template=case["template"], return_assistant_tokens_mask=marks,
            continue_final_message=case.get("continue", False), **options)
        return {"text": texts[0], **({"ranges": [list(r) for r in ranges[0]]} if ranges and ranges[0] else {})}
    except Exception as error:  # Templates fail in every way Python can.
        return {"error": str(error)}


def split(expressions):
    """Expressions stand between bars with spaces around them, or on lines of their own."""
    lines = expressions.strip("\n").replace("'a\\\nb'", "'a\\\0b'").split("\n")
    return [e.replace("\0", "\n").strip() for line in lines for e in line.split(" | ")]


def main():
    golden.check_versions()
    chat_template_utils.datetime = FixedClock
    groups = {"literals": LITERALS, "arithmetic": ARITHMETIC, "comparisons": COMPARISONS, "lookups": LOOKUPS, "tests": TESTS,
              "filters": FILTERS, "json": JSON, "strings": STRINGS, "calls": CALLS, "bytes": BYTES}
    sections = {"now": list(NOW), "messages": MESSAGES, "tools": TOOLS, "variables": VARIABLES}
    for name, expressions in groups.items():
        sections[name] = [{"template": "{{ " + e + " }}"} for e in split(expressions)]
    sections["statements"] = [{"template": template} for template in STATEMENTS]
    sections["conversations"] = CONVERSATIONS
    for name in [*groups, "statements", "conversations"]:
        sections[name] = [{**case, **render(case)} for case in sections[name]]
        sections[name] = [case for case in sections[name] if " at 0x" not in case.get("text", "")]
    golden.write_table(golden.ROOT / "chat-templates" / "cases.json", sections)
    print(sum(len(sections[name]) for name in [*groups, "statements", "conversations"]), "cases")


if __name__ == "__main__":
    main()
