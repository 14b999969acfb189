import NN

/// The order in which a walk over Stable Diffusion 1 or 2 meets the linear layers that are usually adapted, as diffusers
/// built it when files numbered them: the halves of the U-Net before its middle, a block's feed-forward before its
/// second attention.
///
/// Source: github.com/huggingface/diffusers 0.11, models/unet_2d_condition.py and attention.py; transformers' CLIPAttention.
enum StableDiffusionOrder {
  /// The paths of a part's layers; nil when their number or shapes are not those.
  static func paths(of part: String, _ updates: [LayerUpdate]) -> [String]? {
    switch part {
    case "unet" where isUNet(updates): unet
    case "text_encoder" where isTextEncoder(updates): textEncoder(updates.count / projections.count)
    default: nil
    }
  }

  // MARK: - the U-Net

  private static let unet: [String] = attentions.flatMap { place, _ in
    blockLayers.map { "\(place).transformer_blocks.0.\($0)" }
  }

  private static let blockLayers =
    ["to_q", "to_k", "to_v", "to_out.0"].map { "attn1.\($0)" } + ["ff.net.0.proj"]
    + ["to_q", "to_k", "to_v", "to_out.0"].map { "attn2.\($0)" }

  /// Where attention is, and how wide.
  private static let attentions: [(place: String, width: Int)] =
    blocks("down_blocks", [(0, 320), (1, 640), (2, 1280)], count: 2)
    + blocks("up_blocks", [(1, 1280), (2, 640), (3, 320)], count: 3)
    + [("mid_block.attentions.0", 1280)]

  private static func blocks(_ name: String, _ widths: [(Int, Int)], count: Int) -> [(String, Int)] {
    widths.flatMap { block, width in (0..<count).map { ("\(name).\(block).attentions.\($0)", width) } }
  }

  private static func isUNet(_ updates: [LayerUpdate]) -> Bool {
    guard updates.count == unet.count, let context = updates[6].a.shape.last else { return false }
    let wanted = attentions.flatMap { _, width in
      blockLayers.map { layer in
        // The second attention looks at the text; the feed-forward's first matrix makes values and gates.
        (
          ["attn2.to_k", "attn2.to_v"].contains(layer) ? context : width,
          layer == "ff.net.0.proj" ? 8 * width : width
        )
      }
    }
    return zip(updates, wanted).allSatisfy {
      $0.form == .linear && $0.a.shape[1] == $1.0 && $0.b.shape[0] == $1.1
    }
  }

  // MARK: - the text encoder

  private static let projections = ["k_proj", "v_proj", "q_proj", "out_proj"]

  private static func textEncoder(_ layers: Int) -> [String] {
    (0..<layers).flatMap { layer in
      projections.map { "text_model.encoder.layers.\(layer).self_attn.\($0)" }
    }
  }

  private static func isTextEncoder(_ updates: [LayerUpdate]) -> Bool {
    guard let width = updates.first?.b.shape[0], updates.count.isMultiple(of: projections.count) else {
      return false
    }
    return updates.allSatisfy { $0.form == .linear && $0.a.shape[1] == width && $0.b.shape[0] == width }
  }
}
