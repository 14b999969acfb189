import ChatTemplates
import Foundation
import JSON
import Testing

/// Templates that would exhaust the stack, the memory or the patience of whoever renders them.
struct BoundsTests {
  static let hostile: [String] = [
    "{{ " + String(repeating: "(", count: 100_000) + "1" + String(repeating: ")", count: 100_000) + " }}",
    "{{ " + String(repeating: "[", count: 100_000) + " }}",
    "{{ " + String(repeating: "-", count: 100_000) + "1 }}",
    "{{ " + String(repeating: "1 if 1 else ", count: 100_000) + "1 }}",
    String(repeating: "{% if 1 %}", count: 100_000),
    String(repeating: "{% for x in [1] %}", count: 5000) + String(repeating: "{% endfor %}", count: 5000),
    "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "{% macro f(x) %}{{ f([x]) }}{% endmacro %}{{ f(1) }}",
    "{% macro f() %}{% call f() %}{% endcall %}{% endmacro %}{{ f() }}",
    "{% for x in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}",
    "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
    "{% for a in range(100000) %}{% for b in range(100000) %}xxxxxxxxxx{% endfor %}{% endfor %}",
    "{% set ns = namespace(s='xxxxxxxx') %}{% for a in range(100) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
    "{% set ns = namespace(s=[1]) %}{% for a in range(100) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
    "{% set ns = namespace(x=[]) %}{% for a in range(100000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
    "{% set ns = namespace(x={}) %}{% for a in range(100000) %}{% set ns.x = {'k': ns.x} %}{% endfor %}{{ ns.x|tojson }}",
    "{% set ns = namespace(x=[1]) %}{% for a in range(100000) %}{% set ns.x = ns.x|map('string') %}{% endfor %}{{ ns.x|list }}",
    "{% set ns = namespace(x=[1]) %}{% for a in range(100000) %}{% set ns.x = [ns.x].count %}{% endfor %}",
    "{% set ns = namespace(x=1) %}{% for a in range(100000) %}{% set ns.x = cycler(ns.x) %}{% endfor %}",
    "{% set ns = namespace(x=1) %}{% for a in range(100000) %}{% for b in [ns.x] %}{% set ns.x = loop %}{% endfor %}{% endfor %}",
    "{{ 'x' * 10 ** 12 }}", "{{ [1] * 10 ** 12 }}", "{{ 'x'.center(10 ** 12) }}",
    "{{ '{:>9999999999}'.format(1) }}",
    "{{ '%999999999d' % 1 }}", "{{ '%.999999999f' % 1 }}",
    "{{ ('x' * 10 ** 7).replace('x', 'y' * 10 ** 7) }}",
    "{{ ('x' * 10 ** 6)|list|join('y' * 10 ** 6) }}", "{{ 'a\\nb'|indent(10 ** 12) }}",
    "{{ [[1]]|tojson(indent=10 ** 12) }}",
    "{{ 2 ** (10 ** 9) }}", "{{ 10 ** (10 ** 5) }}",
    "{% set ns = namespace(x=3) %}{% for a in range(100) %}{% set ns.x = ns.x * ns.x %}{% endfor %}",
    "{{ range(10 ** 9) }}", "{{ [1]|batch(10 ** 12, 0)|list }}", "{{ [1]|slice(10 ** 12)|list }}",
    "{{ 'x'.zfill(10 ** 12) }}",
    "{{ ('\\t' * 10 ** 6).expandtabs(10 ** 6) }}",
  ]

  @Test("throws instead of exhausting anything", .timeLimit(.minutes(15)), arguments: hostile.indices)
  func throwsAtBounds(index: Int) {
    let template = Self.hostile[index]
    #expect(failure(of: template) != nil, "\(template.prefix(80))")
  }

  @Test("releases objects that hold each other, however many")
  func cycles() throws {
    let text = try render(
      """
      {% set ns = namespace() %}{% set ns.self = ns %}
      {%- for a in range(50000) %}{% set ns.next = namespace(previous=ns.next) %}{% endfor %}
      {%- macro keep(m) %}{% macro inner() %}{{ m }}{% endmacro %}{% set ns.m = inner %}{% endmacro %}
      {%- for a in range(20000) %}{{ keep(ns.m) }}{% endfor %}
      {%- macro call(m) %}{% call store() %}{{ m }}{% endcall %}{% endmacro %}
      {%- macro store() %}{% set ns.c = caller %}{% endmacro %}
      {%- for a in range(20000) %}{{ call(ns.c) }}{% endfor %}done
      """)
    #expect(text == "done")
  }

  @Test("works as deep as real templates go, on a thread with little stack")
  func smallStack() async throws {
    let json = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
    let nested = try JSONValue.parse(json)
    let text: String = try await withCheckedThrowingContinuation { continuation in
      let thread = Thread {
        continuation.resume(
          with: Result {
            try render(
              """
              {% macro down(n) %}{% if n %}{% for x in [n] %}{{ (((down(n - 1)))) }}{% endfor %}{% else %}end{% endif %}
              {%- endmacro %}{{ down(150) }}{{ nested|tojson == nested|string }}
              """, variables: ["nested": nested])
          })
      }
      thread.stackSize = 512 << 10
      thread.start()
    }
    #expect(text == "endTrue")
  }

  @Test("bears templates that real ones resemble, only larger")
  func largeButHonest() throws {
    let messages = JSONValue.array(
      (0..<5000).map { ["role": .string($0 % 2 == 0 ? "user" : "assistant"), "content": "some words"] })
    let template = try ChatTemplate(
      """
      {% set ns = namespace(text='') %}{% for m in messages %}{% set ns.text = ns.text ~ m.role %}
      {%- if m.role == 'user' and loop.index0 > 0 and messages[loop.index0 - 1].role == 'assistant' %}{{ m.content }}
      {%- endif %}{% endfor %}{{ ns.text|length }}
      """)
    let text = try template.render(messages: messages).text
    #expect(text.hasSuffix("32500"))
  }
}
