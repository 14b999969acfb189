import ChatTemplates
import JSON
import Testing

/// Which text a loss on assistant turns alone covers.
struct AssistantRangesTests {
  static let conversation: JSONValue = [
    ["role": "system", "content": "Sé bueno."], ["role": "user", "content": "日本?"],
    ["role": "assistant", "content": "One é"], ["role": "user", "content": "One é<|end|>"],
    ["role": "assistant", "content": "Two"],
  ]

  static func ranges(_ source: String, _ messages: JSONValue = conversation) throws -> [String] {
    let template = try ChatTemplate(source)
    let scalars = Array(try template.render(messages: messages).text.unicodeScalars)
    return try template.assistantRanges(messages: messages).map { range in
      var text = String.UnicodeScalarView()
      text.append(contentsOf: scalars[range])
      return String(text)
    }
  }

  static let plain = """
    {% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>
    {% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}
    """

  @Test("takes the generation blocks where there are any")
  func generationBlocks() throws {
    let marked = Self.plain.replacing(
      "{{ m.content }}<|end|>",
      with: "{% if m.role == 'assistant' %}{% generation %}{{ m.content }}<|end|>{% endgeneration %}"
        + "{% else %}{{ m.content }}<|end|>{% endif %}")
    #expect(try Self.ranges(marked) == ["One é<|end|>", "Two<|end|>"])
  }

  @Test("finds turns by prefix difference, end of turn included")
  func prefixDifference() throws {
    #expect(try Self.ranges(Self.plain) == ["One é<|end|>\n", "Two<|end|>\n"])
  }

  @Test("follows templates that drop the reasoning of earlier turns")
  func droppedReasoning() throws {
    let source = """
      {% for m in messages %}<|{{ m.role }}|>
      {%- if m.role == 'assistant' and loop.last %}<think>{{ m.reasoning_content }}</think>{% endif %}
      {{- m.content }}<|end|>{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}
      """
    let messages: JSONValue = [
      ["role": "user", "content": "a"], ["role": "assistant", "content": "b", "reasoning_content": "r1"],
      ["role": "user", "content": "c"], ["role": "assistant", "content": "d", "reasoning_content": "r2"],
    ]
    #expect(try Self.ranges(source, messages) == ["b<|end|>", "<think>r2</think>d<|end|>"])
  }

  @Test("follows templates that end only the last turn with a token of their own")
  func finalToken() throws {
    let source = """
      {% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}
      {{- '<|assistant|>' if add_generation_prompt else '<|endoftext|>' }}
      """
    #expect(try Self.ranges(source) == ["One é<|end|>", "Two<|end|><|endoftext|>"])
  }

  @Test("follows templates whose generation prompt already opens the reasoning")
  func openReasoning() throws {
    let source = """
      {% for m in messages %}<|{{ m.role }}|>
      {%- if m.role == 'assistant' %}<think>{{ m.reasoning_content if loop.last }}</think>{% endif %}
      {{- m.content }}<|end|>{% endfor %}{{ '<|assistant|><think>' if add_generation_prompt }}
      """
    let messages: JSONValue = [
      ["role": "user", "content": "a"], ["role": "assistant", "content": "b", "reasoning": "r1"],
      ["role": "user", "content": "c"], ["role": "assistant", "content": "d", "reasoning": "r2"],
    ]
    #expect(try Self.ranges(source, messages) == ["</think>b<|end|>", "r2</think>d<|end|>"])
  }

  @Test("covers tool calls, but not what the tools answer")
  func toolCalls() throws {
    let source = """
      {% for m in messages %}<|{{ m.role }}|>{% if m.tool_calls %}{{ m.tool_calls[0].function|tojson }}
      {%- else %}{{ m.content }}{% endif %}<|end|>{% endfor %}
      {{- '<|assistant|>' if add_generation_prompt }}
      """
    let messages: JSONValue = [
      ["role": "user", "content": "a"],
      [
        "role": "assistant", "content": "",
        "tool_calls": [["function": ["name": "f", "arguments": ["x": 1]]]],
      ],
      ["role": "tool", "content": "r"], ["role": "assistant", "content": "d"],
    ]
    #expect(
      try Self.ranges(source, messages) == [#"{"name": "f", "arguments": {"x": 1}}<|end|>"#, "d<|end|>"])
  }

  @Test("finds turns that move when others follow")
  func movedTurns() throws {
    let source = """
      {% for m in messages %}{% if m.role == 'user' and (loop.last or loop.index == messages|length - 1) %}[TOOLS]{% endif %}
      {{- '[INST] ' ~ m.content ~ ' [/INST]' if m.role == 'user' else ' ' ~ m.content ~ '</s>' }}{% endfor %}
      """
    let messages: JSONValue = [
      ["role": "user", "content": "a"], ["role": "assistant", "content": "b"],
      ["role": "user", "content": "c"], ["role": "assistant", "content": "d"],
    ]
    #expect(try Self.ranges(source, messages) == [" b</s>", " d</s>"])
  }

  @Test("tells when a turn cannot be found")
  func lostTurn() throws {
    #expect(throws: ChatTemplateError.self) {
      try Self.ranges(
        "{% for m in messages if loop is not defined %}{{ messages|length }}{{ m.role[0] }}{% endfor %}")
    }
  }
}
