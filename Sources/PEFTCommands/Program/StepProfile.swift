import Reports
import Torch

/// Where the time of one forward and backward pass goes, by the engine's operators.
struct StepProfile {
  /// Seconds by operator, the longest first; what no operator takes is "other".
  private(set) var operators: [(name: String, seconds: Double)] = []
  private let total: Double

  init(_ operators: [(name: String, seconds: Double)], total: Double) {
    self.total = total
    let rest = max(0, total - operators.reduce(0) { $0 + $1.seconds })
    let all = operators + [(name: "other", seconds: rest)]
    self.operators = all.filter { $0.seconds >= 0.001 * total }.sorted { $0.seconds > $1.seconds }
  }

  /// What operators do, as far as a reader of a chart wants to know.
  private static let groups: [(title: String, names: Set<String>)] = [
    (
      "matrix products",
      [
        "mm", "addmm", "addmm_", "bmm", "baddbmm", "baddbmm_", "addbmm", "mv", "linear", "mkldnn_linear",
        "_linear_pointwise", "thin_linear", "onednn_matmul", "_addmm_activation",
      ]
    ),
    (
      "attention weights",
      ["causal_softmax_", "causal_softmax_backward_", "_softmax", "_softmax_backward_data"]
    ),
    (
      "activations",
      ["silu_product", "silu_product_backward", "gelu", "gelu_backward", "silu", "silu_backward"]
    ),
    (
      "norms, rotary",
      ["rms_norm", "rms_norm_backward", "rotary", "native_layer_norm", "native_layer_norm_backward"]
    ),
    ("cross entropy", ["cross_entropy_", "_log_softmax", "_log_softmax_backward_data", "nll_loss_forward"]),
  ]

  /// The name without its library: "mm" of "aten::mm".
  private static func bare(_ name: String) -> String {
    name.split(separator: ":").last.map(String.init) ?? name
  }

  private func seconds(of names: Set<String>) -> Double {
    operators.filter { names.contains(Self.bare($0.name)) }.reduce(0) { $0 + $1.seconds }
  }

  /// The share of matrix products, from 0 to 1.
  var productShare: Double { total > 0 ? min(1, seconds(of: Self.groups[0].names) / total) : 0 }

  /// The groups' seconds and the rest, as one bar of ``chart(_:)``.
  func bar(_ label: String) -> BarChart.Bar {
    let known = Self.groups.map { seconds(of: $0.names) }
    return BarChart.Bar(label, known + [max(0, total - known.reduce(0, +))])
  }

  static func chart(_ bars: [BarChart.Bar]) -> BarChart {
    BarChart(
      title: "Where a step's time goes", note: "forward and backward pass, seconds",
      parts: groups.map(\.title) + ["everything else"], bars: bars, axis: Axis(format: .duration))
  }
}
