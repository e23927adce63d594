import type { AlertSettings } from "../core/alert-settings.ts";
import { filledTemplate } from "../core/alert-template.ts";
import { limitOf, quantityText, unitOf } from "./condition-text.ts";
import type { Labels } from "./instances.ts";

/** Fills the templates of an alert for one of its instances. */
export function filler(
  { name, severity, when, labels: own }: AlertSettings,
  at: { readonly labels: Labels; readonly value: number; readonly pipeline: string },
): (template: string) => string {
  const unit = unitOf(when);
  const fields = {
    alert: name,
    severity,
    pipeline: at.pipeline,
    value: quantityText(at.value, unit),
    limit: quantityText(limitOf(when), unit),
  };
  const labels = { ...at.labels, ...own };
  return (template) => filledTemplate(template, { fields, labels });
}
